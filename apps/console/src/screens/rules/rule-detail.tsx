import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useConfig, useHubSchema, useRules } from '../../api/queries.ts';
import type { FlowSnapshot, RuleConfig, RuleStatus } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { Editor } from '../../editor/editor.tsx';
import { Elsewhere } from '../../form/elsewhere.tsx';
import { nameFault } from '../../form/name-field.tsx';
import { hubNow } from '../../live/live-store.ts';
import { PlanSheet } from '../../plan/plan-sheet.tsx';
import { faultsOf, type PlanFault, type PlanRequest } from '../../plan/plan.ts';
import { moment, num, rate, span } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Actions } from './actions.tsx';
import { DeleteRule } from './delete-rule.tsx';
import { actionSchema, newRule, ruleChanges, rulesSchema } from './rule-changes.ts';
import { RuleTester, useRuleTest } from './rule-tester.tsx';

interface Props {
  name: string | undefined;
  status: RuleStatus | undefined;
  saved: RuleConfig;
  rates?: FlowSnapshot['rules'][number] | undefined;
}

/** One rule: its counters, its SQL, a test on real messages, its actions. Nothing changes in the hub before it is saved. */
export function RuleDetail({ name, status, saved, rates }: Props) {
  const [draft, setDraft] = useState<RuleConfig>(saved);
  const [base, setBase] = useState(JSON.stringify(saved));
  const [newName, setNewName] = useState('');
  const [sheet, setSheet] = useState<{ request: PlanRequest; done: string }>();
  const [faults, setFaults] = useState<readonly PlanFault[]>([]);
  const [done, setDone] = useState<string>();
  const navigate = useNavigate();
  const rules = useRules();
  const config = useConfig(may('config.read'));
  const schema = useHubSchema(may('config.write')).data;
  const revision = config.data?.revision;
  // The revision under the draft: what others change after that is told before it is overwritten.
  const [since, setSince] = useState(revision);
  const savedText = JSON.stringify(saved);
  // The saved rule changed under an unchanged draft: follow it.
  if (savedText !== base && JSON.stringify(draft) === base) {
    setDraft(saved);
    setBase(savedText);
  }
  if (since !== revision && JSON.stringify(draft) === base) setSince(revision);
  const edited = name === undefined || JSON.stringify(draft) !== savedText;
  const editable = may('config.write');
  const test = useRuleTest(draft.sql);
  const change = (patch: Partial<RuleConfig>): void => {
    setDraft((d) => ({ ...d, ...patch }));
    setFaults([]);
    setDone(undefined);
  };
  const refuse = (message: string): void => {
    setFaults([{ path: [], message }]);
    document.getElementById('rule-name')?.focus();
  };
  const save = (rule: RuleConfig, said: string): void => {
    const target = name ?? newName.trim();
    const wrong =
      name === undefined
        ? nameFault(
            target,
            'rule',
            (rules.data ?? []).map((r) => r.name),
            rulesSchema(schema),
          )
        : undefined;
    if (wrong !== undefined) refuse(wrong);
    else
      setSheet({
        request: {
          ...(since === undefined ? {} : { base: since }),
          ops: name === undefined ? newRule(target, rule, schema) : ruleChanges(target, saved, rule, schema),
        },
        done: said,
      });
  };
  const off = saved.enabled === false;
  return (
    <div className="ru">
      <div className="row rulehead">
        <div className="grow">
          {name === undefined ? (
            <div className="row">
              <label className="lb" htmlFor="rule-name" style={{ margin: 0 }}>
                Name
              </label>
              <div className="field" style={{ width: 220 }}>
                <input
                  id="rule-name"
                  data-testid="rule-name"
                  autoFocus
                  spellCheck={false}
                  value={newName}
                  placeholder="oil-hot"
                  onChange={(e) => {
                    setNewName(e.target.value);
                    setFaults([]);
                  }}
                />
              </div>
            </div>
          ) : (
            <h2 className="objname">{name}</h2>
          )}
          {editable ? (
            <input
              className="plain t2 describe"
              aria-label="Description"
              placeholder="What this rule is for"
              value={draft.description ?? ''}
              onChange={(e) =>
                change(
                  e.target.value === '' ? ({ description: undefined } as unknown as Partial<RuleConfig>) : { description: e.target.value },
                )
              }
            />
          ) : (
            <p className="t2">{draft.description ?? status?.reason.text}</p>
          )}
        </div>
        {editable ? (
          <div className="row">
            {name === undefined || edited ? null : <DeleteRule name={name} />}
            {name === undefined || edited ? null : (
              <button
                type="button"
                className="btn"
                onClick={() => {
                  save({ ...saved, enabled: off }, off ? 'The rule runs again.' : 'The rule is turned off.');
                }}
              >
                {off ? 'Turn on' : 'Turn off'}
              </button>
            )}
            {edited && name !== undefined ? (
              <button
                type="button"
                className="btn"
                onClick={() => {
                  setDraft(saved);
                  setBase(savedText);
                  setFaults([]);
                  setDone(undefined);
                }}
              >
                Discard
              </button>
            ) : null}
            <button
              type="button"
              className={`btn${edited ? ' primary' : ''}`}
              data-testid="rule-save"
              disabled={!edited}
              onClick={() => save(draft, draft.enabled === false ? 'Saved; the rule is turned off.' : 'Saved and running.')}
            >
              {edited ? 'Save and run' : 'Saved'}
            </button>
          </div>
        ) : null}
      </div>
      <Elsewhere faults={faults} />
      {sheet === undefined ? null : (
        <PlanSheet
          request={sheet.request}
          onClose={() => setSheet(undefined)}
          onRefused={(problem) => {
            const told = faultsOf(problem);
            setFaults(told.length > 0 ? told : [{ path: [], message: problem.message }]);
            setSheet(undefined);
          }}
          onApplied={(made) => {
            setSheet(undefined);
            setDone(`${sheet.done} Revision ${made}.`);
            void rules.refetch();
            if (name === undefined) void navigate({ to: '/rules/$name', params: { name: newName.trim() } });
          }}
        />
      )}
      {done === undefined || edited ? null : (
        <p className="row t2" role="status" data-testid="rule-saved">
          <Glyph name="check" />
          {done}
        </p>
      )}
      {status === undefined ? null : <Counters status={status} rates={rates} />}
      <div className="low">
        <div className="left">
          <Panel
            title="SQL"
            meta={edited && name !== undefined ? 'changed, not saved' : undefined}
            flush
            className="sqlpanel"
            right={
              may('rules.test') ? (
                <span className="meta nowrap">
                  <kbd>Ctrl Enter</kbd> test
                </span>
              ) : undefined
            }
          >
            <div className="editbox" data-testid="rule-editor">
              <Editor
                language="rule"
                label="The rule's SQL"
                testid="rule-sql"
                value={draft.sql}
                readOnly={!editable}
                onChange={(sql) => change({ sql })}
                onRun={test.run}
                fault={test.fault}
              />
            </div>
            {test.fault === undefined ? null : (
              <p className="err-line faultline" data-testid="rule-fault">
                <Glyph name="bad" />
                <span>
                  Line {test.fault.line}, column {test.fault.column}: {test.fault.message}
                </span>
              </p>
            )}
          </Panel>
          {may('rules.test') ? <RuleTester test={test} /> : null}
        </div>
        <div className="rightcol">
          <Actions
            actions={draft.actions}
            status={status?.actions}
            editable={editable}
            schema={actionSchema(schema)}
            change={(actions) => change({ actions })}
          />
          {status === undefined ? null : <Last status={status} />}
        </div>
      </div>
    </div>
  );
}

function Counters({ status, rates }: { status: RuleStatus; rates: Props['rates'] }) {
  const share = status.matched === 0 ? '' : `${num((status.passed / status.matched) * 100, status.passed === status.matched ? 0 : 1)} %`;
  return (
    <Panel flush className="counters">
      <div className="cnt">
        <div>
          <div className="meta">Messages seen</div>
          <div className="v" data-testid="rule-detail-matched">
            {num(status.matched)}
            <small>{rates === undefined ? '' : `${rate(rates.matchedPerSecond)}/s`}</small>
          </div>
        </div>
        <div>
          <div className="meta">Passed</div>
          <div className="v" data-testid="rule-detail-passed">
            {num(status.passed)}
            <small>{share}</small>
          </div>
        </div>
        <div>
          <div className="meta">No match</div>
          <div className="v">{num(status.noResult)}</div>
        </div>
        <div>
          <div className="meta">Failed</div>
          <div className={`v${status.failed > 0 ? ' bad' : ''}`}>{num(status.failed)}</div>
        </div>
      </div>
    </Panel>
  );
}

function Last({ status }: { status: RuleStatus }) {
  const { lastOutput, lastError } = status;
  if (lastOutput === undefined && lastError === undefined) return null;
  return (
    <Panel
      title={lastError !== undefined && (lastOutput === undefined || lastError.at > lastOutput.at) ? 'Last fault' : 'Last output'}
      meta={lastOutput === undefined ? undefined : `${span(hubNow() - Date.parse(lastOutput.at))} ago`}
    >
      {lastError === undefined ? null : (
        <p className="bad" style={{ marginBottom: 6 }}>
          {moment(Date.parse(lastError.at))}: {lastError.reason.text}
        </p>
      )}
      {lastOutput === undefined ? null : <pre className="code small">{JSON.stringify(lastOutput.value, undefined, 2)}</pre>}
    </Panel>
  );
}
