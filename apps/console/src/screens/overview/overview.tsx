import { Link } from '@tanstack/react-router';
import { useDashboards } from '../../api/queries.ts';
import type { FlowSnapshot, HubStatus, PartStatus } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { hubNow, messagesIn, useFlow, useStatus, useTick } from '../../live/live-store.ts';
import { all, count, countdown, firstSentence, num, rate, span } from '../../ui/format.ts';
import { Glyph, Icon, partGlyph } from '../../ui/glyph.tsx';
import { Empty, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { PanelView } from '../dashboards/panel-view.tsx';
import { FlowPicture } from './flow-picture.tsx';

const order = { failed: 0, lost: 1, degraded: 2, starting: 3, stopped: 4, running: 5 } as const;
const word = {
  failed: 'failed',
  lost: 'is lost',
  degraded: 'runs with a fault',
  starting: 'is starting',
  stopped: 'is stopped',
  running: 'runs',
} as const;

const youngMs = 300_000;

export function Overview() {
  const status = useStatus();
  const flow = useFlow();
  const dashboards = useDashboards();
  const board = dashboards.data?.[0];
  const trend = board?.panels.find((p) => p.type === 'timeseries');
  if (status === undefined || flow === undefined)
    return (
      <div className="screen">
        <Head sentence="Reading the hub's state." />
        <Panel title="Needs attention">
          <Skeleton rows={4} />
        </Panel>
      </div>
    );
  // The first minutes of a hub would be a stroke at the edge of a long range.
  const young = hubNow() - Date.parse(status.hub.startedAt) < youngMs;
  const tags = flow.devices.reduce((s, d) => s + d.tags, 0);
  const good = flow.devices.reduce((s, d) => s + d.good, 0);
  return (
    <div className="screen ov">
      <Head
        sentence={headline(status)}
        sub={
          tags === 0
            ? 'No device is configured yet.'
            : `${good === tags ? `${all(tags)} ${tags === 1 ? 'tag is' : 'tags are'} good.` : good === 0 ? (tags === 1 ? 'Its tag is not good.' : tags === 2 ? 'Neither tag is good.' : `None of ${num(tags)} tags is good.`) : `${num(good)} of ${count(tags, 'tag')} ${good === 1 ? 'is' : 'are'} good.`} ${stored(flow)}`
        }
      >
        {board === undefined ? null : (
          <Link className="btn" to="/dashboards/$name" params={{ name: board.name }}>
            <Icon name="dashboard" />
            {board.title}
          </Link>
        )}
      </Head>
      <div className={trend === undefined ? 'one' : 'two'}>
        <Attention status={status} flow={flow} />
        {trend === undefined || board === undefined ? null : (
          <PanelView
            panel={trend}
            range={{ from: young ? 'now-5m' : 'now-15m', to: 'now' }}
            refreshMs={1_000}
            className="small"
            right={
              <Link to="/dashboards/$name" params={{ name: board.name }} className="meta linkish">
                Open
              </Link>
            }
          />
        )}
      </div>
      <Panel className="wideflow" title="How values flow" meta="width of a band = its rate, last 10 s" right={<Legend />}>
        <FlowPicture flow={flow} />
      </Panel>
      <PhoneFlow flow={flow} />
    </div>
  );
}

/** What is not running, worst first; of two alike the one that broke last. */
const broken = (status: HubStatus): PartStatus[] =>
  status.parts
    .filter((p) => p.state !== 'running')
    .sort((a, b) => order[a.state] - order[b.state] || Date.parse(b.since) - Date.parse(a.since));

function partTitle(part: PartStatus): string {
  const [kind, ...rest] = part.id.split('/');
  const name = rest.join('/');
  if (name === '') return `The ${kind} ${word[part.state]}`;
  return `${kind === 'device' ? '' : `${kind!.charAt(0).toUpperCase()}${kind!.slice(1)} `}${name} ${word[part.state]}`;
}
/** One sentence about the worst; the list below it has the rest. */
function headline(status: HubStatus): string {
  const [worst, ...more] = broken(status);
  if (worst === undefined) return status.sentence;
  const title = partTitle(worst);
  const why = firstSentence(worst.reason.text);
  const rest = more.length === 0 ? '' : ` ${num(more.length)} more ${more.length === 1 ? 'needs' : 'need'} attention.`;
  return `${says(why, worst) ? title : `${title}: ${why}`}.${rest}`;
}
/** A reason that only repeats the state adds nothing to it. */
const says = (why: string, part: PartStatus): boolean => new RegExp(`^the \\w+ is ${part.state}$`, 'i').test(why);

const stored = (flow: FlowSnapshot): string =>
  flow.historian.state === 'running'
    ? flow.historian.queued === 0
      ? 'Everything read so far is stored.'
      : `${count(flow.historian.queued, 'sample waits', 'samples wait')} for the disk.`
    : flow.historian.sentence;

const Legend = () => (
  <span className="row meta legend">
    <Glyph name="run" />
    runs
    <Glyph name="uncertain" />
    holds back
    <Glyph name="bad" />
    lost
    <Glyph name="stopped" />
    stopped
  </span>
);

function Attention({ status, flow }: { status: HubStatus; flow: FlowSnapshot }) {
  useTick(1_000);
  const parts = broken(status);
  const told = new Set(parts.map((p) => p.id));
  const quiet = flow.devices.filter((d) => d.bad + d.uncertain > 0 && !told.has(`device/${d.name}`));
  const total = parts.length + quiet.length;
  return (
    <Panel title="Needs attention" meta={total === 0 ? undefined : `${num(total)}, worst first`} flush className="att-panel">
      {total === 0 && flow.devices.length === 0 ? (
        <Empty
          title="Nothing is read yet."
          action={
            may('config.read') ? (
              <Link className="btn" to="/system">
                Show hub.yaml
              </Link>
            ) : undefined
          }
        >
          A hub reads devices: name one under <code>devices:</code> in hub.yaml with its driver, its address and its tags, check it with{' '}
          <code>omh validate</code>, and start the hub again. Until then it only serves MQTT.
        </Empty>
      ) : total === 0 ? (
        <Empty title="Nothing needs you.">
          What stops, is lost or turns bad appears here with its reason and the next step, the worst first.
        </Empty>
      ) : (
        <ul className="att">
          {parts.map((p) => (
            <PartLine key={p.id} part={p} />
          ))}
          {quiet.map((d) => (
            <li key={`q${d.name}`}>
              <Glyph name={d.bad > 0 ? 'bad' : 'uncertain'} large />
              <div>
                <b>
                  {d.name}:{' '}
                  {d.bad > 0 ? count(d.bad, 'tag is bad', 'tags are bad') : count(d.uncertain, 'tag is uncertain', 'tags are uncertain')}
                </b>
                <p>
                  {d.good === 0
                    ? 'None of its tags is good.'
                    : d.good === 1
                      ? 'Its other tag reads well.'
                      : `Its other ${count(d.good, 'tag')} read well.`}
                </p>
              </div>
              <time />
              <Link className="btn sm" to="/live" search={{ find: d.name, quality: d.bad > 0 ? 'bad' : 'uncertain' }}>
                Show
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function PartLine({ part }: { part: PartStatus }) {
  const [kind, ...rest] = part.id.split('/');
  const name = rest.join('/');
  const wait = part.nextTry === undefined ? '' : ` Next try in ${countdown(Date.parse(part.nextTry) - hubNow())}.`;
  const title = partTitle(part);
  const told = says(firstSentence(part.reason.text), part);
  const why =
    told && kind === 'simulator'
      ? may('simulators.control')
        ? 'Somebody stopped it. Devices that read it are lost until it is started again.'
        : 'Somebody stopped it. Devices that read it are lost until an engineer starts it again.'
      : part.reason.text;
  return (
    <li data-testid={`attention-${part.id}`} data-state={part.state}>
      <Glyph name={partGlyph[part.state]} large label={part.state} />
      <div>
        <b>{title}</b>
        <p title={why + wait}>
          {why}
          {wait}
        </p>
      </div>
      <time>{span(hubNow() - Date.parse(part.since))}</time>
      {kind === 'device' ? (
        <Link className="btn sm" to="/live" search={{ find: name }}>
          Its values
        </Link>
      ) : kind === 'rule' ? (
        <Link className="btn sm" to="/rules/$name" params={{ name }}>
          Open
        </Link>
      ) : kind === 'simulator' && may('simulators.read') ? (
        <Link className="btn sm" to="/simulators/$name" params={{ name }}>
          Open
        </Link>
      ) : (
        <Link className="btn sm" to="/system">
          Details
        </Link>
      )}
    </li>
  );
}

/** On a phone the flow is four numbers. */
const PhoneFlow = ({ flow }: { flow: FlowSnapshot }) => (
  <section className="phoneflow">
    <div className="row">
      <h2>Flow</h2>
      <span className="meta">per second</span>
    </div>
    <div className="panel four">
      <div>
        <span>Values</span>
        <b>{rate(flow.devices.reduce((s, d) => s + d.valuesPerSecond, 0))}</b>
      </div>
      <div>
        <span>Messages</span>
        <b>{rate(messagesIn(flow))}</b>
      </div>
      <div>
        <span>Stored</span>
        <b>{rate(flow.historian.samplesPerSecond)}</b>
      </div>
      <div>
        <span>Rule rows</span>
        <b>{rate(flow.historian.rowsPerSecond)}</b>
      </div>
    </div>
  </section>
);
