import { Link, useParams } from '@tanstack/react-router';
import { useConfig, useRules } from '../../api/queries.ts';
import type { RuleConfig, RuleStatus } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { useFlow } from '../../live/live-store.ts';
import { all, list, num, rate } from '../../ui/format.ts';
import { Glyph, Icon, partGlyph } from '../../ui/glyph.tsx';
import { Empty, ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { RuleDetail } from './rule-detail.tsx';

/** Address of a rule that is not saved yet; no rule can have this name. */
export const draftName = '~new';
const sample: RuleConfig = {
  sql: 'SELECT payload.values.temperature AS temperature\nFROM "/neuron/+/+/+"\nWHERE payload.values.temperature > 300',
  enabled: true,
  actions: [{ console: true }],
};

export function Rules() {
  const { name } = useParams({ strict: false });
  const rules = useRules();
  const config = useConfig(may('config.read'));
  const flow = useFlow();
  if (rules.data === undefined)
    return (
      <div className="screen">
        <Head sentence="Rules" />
        {rules.isError ? (
          <ErrorSay
            error={rules.error}
            retry={() => {
              void rules.refetch();
            }}
          />
        ) : (
          <Panel>
            <Skeleton />
          </Panel>
        )}
      </div>
    );
  const draft = name === draftName;
  const chosen = draft ? undefined : name === undefined ? rules.data[0] : rules.data.find((r) => r.name === name);
  const running = rules.data.filter((r) => r.state === 'running').length;
  const failing = rules.data.filter((r) => r.state === 'failed' || r.state === 'lost' || r.state === 'degraded');
  const passed = flow?.rules.reduce((sum, r) => sum + r.passedPerSecond, 0) ?? 0;
  const sentence =
    rules.data.length === 0
      ? 'No rule acts on messages yet.'
      : failing.length > 0
        ? `${list(failing.map((r) => r.name))} ${failing.length === 1 ? 'needs' : 'need'} attention.`
        : running === 0
          ? 'All rules are turned off.'
          : `${running === rules.data.length ? `${all(running)} ${running === 1 ? 'rule runs' : 'rules run'}` : `${num(running)} of ${num(rules.data.length)} rules run`}; ${passed === 0 ? 'nothing passes now' : `${rate(passed)} ${rate(passed) === '1' ? 'message passes' : 'messages pass'} each second`}.`;
  const saved = chosen === undefined ? undefined : config.data?.config.rules?.[chosen.name];
  return (
    <div className="screen rus">
      <Head sentence={sentence} sub="A rule reads messages, keeps what matches, and acts: into history, back to the broker, or to the log.">
        {may('config.write') ? (
          <Link className="btn" to="/rules/$name" params={{ name: draftName }} data-testid="rule-new">
            <Icon name="plus" />
            New rule
          </Link>
        ) : (
          <span className="meta">Engineers can change rules.</span>
        )}
      </Head>
      <div className="listside">
        <Panel flush className="clip rulelist">
          <ul aria-label="Rules">
            {draft ? (
              <li className="sel">
                <div className="row">
                  <Glyph name="wait" />
                  <b>New rule</b>
                  <span className="meta right">not saved</span>
                </div>
              </li>
            ) : null}
            {rules.data.map((r) => (
              <RuleLine
                key={r.name}
                rule={r}
                selected={r.name === chosen?.name}
                perSecond={flow?.rules.find((f) => f.name === r.name)?.matchedPerSecond}
              />
            ))}
          </ul>
        </Panel>
        {draft ? (
          <RuleDetail key={draftName} name={undefined} status={undefined} saved={sample} />
        ) : chosen !== undefined ? (
          may('config.read') && config.isPending ? (
            <Panel>
              <Skeleton />
            </Panel>
          ) : (
            <RuleDetail
              key={chosen.name}
              name={chosen.name}
              status={chosen}
              saved={
                saved ?? { sql: chosen.sql, ...(chosen.description === undefined ? {} : { description: chosen.description }), actions: [] }
              }
              rates={flow?.rules.find((f) => f.name === chosen.name)}
            />
          )
        ) : (
          <Panel>
            <Empty
              title={name === undefined ? 'Nobody acts on messages yet.' : `There is no rule ${name}.`}
              action={
                may('config.write') ? (
                  <Link className="btn primary" to="/rules/$name" params={{ name: draftName }}>
                    Write the first rule
                  </Link>
                ) : undefined
              }
            >
              A rule is one SQL statement over the messages of a topic: what to take, when it matters, and what to do then.
            </Empty>
          </Panel>
        )}
      </div>
    </div>
  );
}

const RuleLine = ({ rule, selected, perSecond }: { rule: RuleStatus; selected: boolean; perSecond: number | undefined }) => (
  <li className={selected ? 'sel' : ''}>
    <Link to="/rules/$name" params={{ name: rule.name }} data-testid={`rule-${rule.name}`} data-state={rule.state}>
      <div className="row">
        <Glyph name={partGlyph[rule.state]} label={rule.state} />
        <b className="ell">{rule.name}</b>
        <span className="meta right nowrap">
          {rule.state === 'stopped' ? 'off' : perSecond === undefined ? '' : `${rate(perSecond)}/s`}
        </span>
      </div>
      <dl>
        <div>
          <dd data-testid={`rule-${rule.name}-matched`}>{num(rule.matched)}</dd>
          <dt>matched</dt>
        </div>
        <div>
          <dd data-testid={`rule-${rule.name}-passed`}>{num(rule.passed)}</dd>
          <dt>passed</dt>
        </div>
        <div>
          <dd className={rule.failed > 0 ? 'bad' : ''} data-testid={`rule-${rule.name}-failed`}>
            {num(rule.failed)}
          </dd>
          <dt>failed</dt>
        </div>
      </dl>
      {rule.state === 'running' || rule.state === 'stopped' ? null : <p className="bad">{rule.reason.text}</p>}
    </Link>
  </li>
);
