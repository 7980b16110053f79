import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useApps, useConfig, useHubSchema } from '../../api/queries.ts';
import type { AppStatus } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { useFlow } from '../../live/live-store.ts';
import { all, count, firstSentence, list, num, rate } from '../../ui/format.ts';
import { Glyph, Icon, partGlyph, partWord } from '../../ui/glyph.tsx';
import { Empty, ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { plantOf } from '../devices/plant.ts';
import { AppDetail } from './app-detail.tsx';
import { NewApp } from './app-form.tsx';
import { OrphanQueues } from './orphan-queues.tsx';
import '../devices/devices.css';

/** Address of an app that is not added yet; no app can have this name. */
export const draftName = '~new';

/** Everything that sends values on, beside the one that is looked at. */
export function Apps() {
  const { name } = useParams({ strict: false });
  const navigate = useNavigate();
  const apps = useApps();
  const config = useConfig(may('config.read'));
  const schema = useHubSchema(may('config.read'));
  const flow = useFlow();
  if (apps.data === undefined)
    return (
      <div className="screen">
        <Head sentence="Apps" />
        {apps.isError ? (
          <ErrorSay
            error={apps.error}
            retry={() => {
              void apps.refetch();
            }}
          />
        ) : (
          <Panel>
            <Skeleton />
          </Panel>
        )}
      </div>
    );
  const rows = apps.data;
  const draft = name === draftName;
  const chosen = draft ? undefined : name === undefined ? rows[0] : rows.find((a) => a.name === name);
  const editable = may('config.write');
  const plant = config.data === undefined ? undefined : plantOf(config.data.config);
  const perSecond = flow?.apps.reduce((sum, a) => sum + a.messagesPerSecond, 0) ?? 0;
  return (
    <div className="screen dvs">
      <Head
        sentence={sentenceOf(rows, perSecond)}
        sub="An app sends the values of device groups on, a message each cycle, to this hub's broker or to another one."
      >
        {editable ? (
          <Link className="btn" to="/apps/$name" params={{ name: draftName }} data-testid="app-new">
            <Icon name="plus" />
            Add app
          </Link>
        ) : (
          <span className="meta">Engineers can change apps.</span>
        )}
      </Head>
      <div className={`dv${rows.length === 0 && !draft ? ' alone' : ''}${name === undefined ? '' : ' named'}`}>
        <Panel flush className="clip dvlist">
          <ul aria-label="Apps">
            {draft ? (
              <li className="sel">
                <div className="line">
                  <Glyph name="wait" />
                  <b>New app</b>
                  <span className="meta">not added</span>
                </div>
              </li>
            ) : null}
            {rows.map((a) => (
              <AppLine
                key={a.name}
                app={a}
                selected={a.name === chosen?.name}
                perSecond={flow?.apps.find((f) => f.name === a.name)?.messagesPerSecond}
              />
            ))}
          </ul>
        </Panel>
        {draft && editable ? (
          plant === undefined || schema.data === undefined ? (
            <Panel>
              {schema.isError ? <ErrorSay error={schema.error} /> : config.isError ? <ErrorSay error={config.error} /> : <Skeleton />}
            </Panel>
          ) : (
            <NewApp
              schema={schema.data}
              plant={plant}
              revision={config.data!.revision}
              onDone={(made) => {
                void apps.refetch();
                void navigate({ to: '/apps/$name', params: { name: made } });
              }}
            />
          )
        ) : chosen !== undefined ? (
          <AppDetail key={chosen.name} status={chosen} plant={plant} schema={schema.data} revision={config.data?.revision} />
        ) : name !== undefined && plant?.apps[name] !== undefined ? (
          <Panel>
            <Skeleton />
          </Panel>
        ) : (
          <Panel>
            <Empty
              title={name === undefined || draft ? 'Nothing is sent on yet.' : `There is no app ${name}.`}
              action={
                editable ? (
                  <Link className="btn primary" to="/apps/$name" params={{ name: draftName }}>
                    Add {rows.length === 0 ? 'the first' : 'an'} app
                  </Link>
                ) : undefined
              }
            >
              The values are in live values and in history without any app. An app puts them on MQTT topics as well, where rules, other
              programs and other sites take them.
            </Empty>
          </Panel>
        )}
      </div>
      <OrphanQueues apps={rows} />
    </div>
  );
}

function sentenceOf(rows: readonly AppStatus[], perSecond: number): string {
  if (rows.length === 0) return 'No app sends values on yet.';
  const hurt = rows.filter((a) => a.state === 'lost' || a.state === 'failed' || a.state === 'degraded');
  if (hurt.length === 1) return `${hurt[0]!.name} is ${hurt[0]!.state}: ${firstSentence(hurt[0]!.reason.text)}.`;
  if (hurt.length > 1) return `${list(hurt.map((a) => a.name))} need attention.`;
  const idle = rows.filter((a) => a.subscriptions.length === 0);
  if (idle.length === rows.length)
    return `${list(idle.map((a) => a.name))} ${idle.length === 1 ? 'sends' : 'send'} nothing: no group is subscribed.`;
  return `${all(rows.length)} ${rows.length === 1 ? 'app runs' : 'apps run'}; ${perSecond === 0 ? 'nothing is sent now' : `${rate(perSecond)} ${rate(perSecond) === '1' ? 'message leaves' : 'messages leave'} each second`}.`;
}

const AppLine = ({ app, selected, perSecond }: { app: AppStatus; selected: boolean; perSecond: number | undefined }) => {
  const wrong = app.state === 'lost' || app.state === 'failed';
  return (
    <li className={selected ? 'sel' : ''}>
      <Link to="/apps/$name" params={{ name: app.name }} data-testid={`app-${app.name}`} data-state={app.state} aria-current={selected}>
        <div className="line">
          <Glyph name={partGlyph[app.state]} label={partWord[app.state]} />
          <b className="ell">{app.name}</b>
          <span className="t2">{perSecond === undefined ? '' : `${rate(perSecond)}/s`}</span>
        </div>
        <div className="line sub">
          <span />
          <span className={`ell${wrong ? ' bad' : ''}`}>
            {wrong ? firstSentence(app.reason.text) : `${app.type}, ${count(app.subscriptions.length, 'group')}`}
          </span>
          <span className={`nowrap${app.failed > 0 ? ' bad' : ''}`}>{app.failed > 0 ? `${num(app.failed)} failed` : ''}</span>
        </div>
      </Link>
    </li>
  );
};
