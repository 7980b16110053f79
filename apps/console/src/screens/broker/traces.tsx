import type { TraceRow } from '@omh/api';
import { may } from '../../app/session.ts';
import { hubNow, useTick } from '../../live/live-store.ts';
import { count, countdown, moment, num } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { Head, Panel } from '../../ui/panel.tsx';
import { BrokerHead, Loading, usePlace } from './broker-head.tsx';
import { useTraces } from './broker-queries.ts';
import { NewTrace } from './new-trace.tsx';
import { RowTable, type Column } from './row-table.tsx';
import { TraceDetail } from './trace-detail.tsx';

const columns: readonly Column<TraceRow>[] = [
  { title: 'Trace', width: 'minmax(90px, 1fr)', className: 'med', cell: (t) => t.name, hint: (t) => t.name },
  {
    title: 'State',
    width: '126px',
    cell: (t) => (
      <>
        <Glyph name={t.running ? 'run' : 'stopped'} /> {t.running ? `Runs ${countdown(Date.parse(t.until) - hubNow())}` : 'Ended'}
      </>
    ),
    hint: (t) => `${t.running ? 'Ends' : 'Ended'} ${moment(Date.parse(t.until))}`,
  },
  { title: 'Lines', width: '70px', num: true, cell: (t) => num(t.lines + t.lost), phone: 'titled' },
];

/** What is followed through the broker, line by line. */
export function Traces() {
  return may('traces.write') ? (
    <Followed />
  ) : (
    <div className="screen brk">
      <Head sentence="Traces are not open to you." sub={<>They need the permission traces.write; engineers have it.</>} />
    </div>
  );
}

function Followed() {
  const { item, kind, value, put } = usePlace();
  const query = useTraces();
  useTick(1_000);
  if (query.data === undefined) return <Loading title="Traces" query={query} tab="traces" />;
  const { traces } = query.data;
  const running = traces.filter((t) => t.running).length;
  const drafting = item === '~new' || traces.length === 0;
  const chosen = drafting ? undefined : (traces.find((t) => t.name === item) ?? traces.at(-1));
  return (
    <div className="screen brk">
      <BrokerHead
        tab="traces"
        sentence={
          traces.length === 0
            ? 'Nothing is traced.'
            : running === 0
              ? `${count(traces.length, 'trace')}, none runs.`
              : `${count(running, 'trace')} ${running === 1 ? 'runs' : 'run'}.`
        }
        sub="A trace follows a client, a topic or an address for a time; it says what came, to whom it went, and what was refused."
      >
        <button
          type="button"
          className="btn"
          data-testid="trace-new"
          onClick={() => put({ item: '~new', kind: undefined, value: undefined })}
        >
          <Icon name="plus" />
          New trace
        </button>
      </BrokerHead>
      <div className={`side tracing${traces.length === 0 ? ' alone' : ''}`}>
        {traces.length === 0 ? null : (
          <Panel flush className="clip">
            <RowTable
              label="Traces"
              rows={traces}
              keyOf={(t) => t.name}
              columns={columns}
              chosen={chosen?.name}
              choose={(name) => put({ item: name, kind: undefined, value: undefined })}
              testid="trace"
              none=""
            />
          </Panel>
        )}
        {chosen === undefined ? (
          <NewTrace
            known={traces}
            by={kind}
            value={value}
            leave={(name) => put({ item: name, kind: undefined, value: undefined })}
            first={traces.length === 0}
          />
        ) : (
          <TraceDetail key={chosen.name} name={chosen.name} gone={() => put({ item: undefined })} />
        )}
      </div>
    </div>
  );
}
