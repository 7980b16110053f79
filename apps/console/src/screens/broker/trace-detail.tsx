import type { TraceLineRow } from '@omh/api';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import { api } from '../../api/client.ts';
import { hubNow } from '../../live/live-store.ts';
import { bytes, clockTenths, count, countdown, moment, num } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';
import { AskFirst } from '../access/ask-first.tsx';
import { brokerChanged, useTraceLines } from './broker-queries.ts';

/** The lines of one trace as they come; the newest stay in sight until somebody scrolls up. */
export function TraceDetail({ name, gone }: { name: string; gone: () => void }) {
  const { trace, lines, problem } = useTraceLines(name);
  const [fault, setFault] = useState<unknown>();
  if (trace === undefined) return <Panel title={name}>{problem === undefined ? <Skeleton /> : <ErrorSay error={problem} />}</Panel>;
  const where = trace.by === 'client' ? 'the client' : trace.by === 'topic' ? 'the topic' : 'the address';
  return (
    <Panel flush className="clip" data-testid="trace-detail">
      <div className="row tracetop">
        <div className="grow">
          <h2 className="objname ell">{trace.name}</h2>
          <p className="t2">
            <Glyph name={trace.running ? 'run' : 'stopped'} /> Follows {where} <code>{trace.value}</code>
            {trace.running ? `, ${countdown(Date.parse(trace.until) - hubNow())} more` : `; ended ${moment(Date.parse(trace.until))}`}
            {trace.lost === 0 ? '' : `; the oldest ${count(trace.lost, 'line')} had to go for newer ones`}.
          </p>
        </div>
        <div className="row right actions">
          {trace.running ? (
            <button
              type="button"
              className="btn"
              data-testid="trace-stop"
              onClick={() => {
                api(`/traces/${encodeURIComponent(name)}/stop`, { method: 'POST' })
                  .then(brokerChanged)
                  .catch(setFault);
              }}
            >
              Stop
            </button>
          ) : null}
          <a className="btn" href={`/api/v1/traces/${encodeURIComponent(name)}/lines?format=text`} download data-testid="trace-save">
            <Icon name="save" />
            Save
          </a>
          <AskFirst
            button="Delete"
            deed={`Delete ${name}`}
            danger
            testid="trace-delete"
            act={async () => {
              await api(`/traces/${encodeURIComponent(name)}`, { method: 'DELETE' });
              gone();
              await brokerChanged();
            }}
          >
            It ends, and its lines are forgotten.
          </AskFirst>
        </div>
      </div>
      {fault === undefined ? null : <ErrorSay error={fault} />}
      {problem === undefined ? null : <ErrorSay error={problem} />}
      {lines.length === 0 ? (
        <p className="meta nobody">{trace.running ? 'Nothing was seen yet.' : 'Nothing was seen.'}</p>
      ) : (
        <Lines lines={lines} />
      )}
    </Panel>
  );
}

const detailOf = (l: TraceLineRow): string =>
  [
    ...(l.qos === undefined ? [] : [`QoS ${l.qos}`]),
    ...(l.retain === true ? ['retain'] : []),
    ...(l.bytes === undefined ? [] : [bytes(l.bytes)]),
    ...(l.detail === undefined ? [] : [l.detail]),
    ...(l.payload === undefined ? [] : [l.payload]),
  ].join(', ');
const refused = /dropped|refused/;

function Lines({ lines }: { lines: readonly TraceLineRow[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [held, setHeld] = useState(false);
  const touch = useMediaQuery('(max-width: 599px)');
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => (touch ? 64 : 28),
    overscan: 12,
    getItemKey: (i) => lines[i]!.seq,
  });
  useEffect(() => {
    if (!held) rows.scrollToIndex(lines.length - 1, { align: 'end' });
  }, [held, lines.length, rows]);
  return (
    <div
      className="vt rows tracelines"
      ref={box}
      tabIndex={0}
      aria-label="Lines of the trace"
      onScroll={(e) => {
        const { scrollTop, scrollHeight, clientHeight } = e.currentTarget;
        setHeld(scrollHeight - scrollTop - clientHeight > 60);
      }}
    >
      <div className="vhead">
        <span>Time</span>
        <span>What</span>
        <span>Client</span>
        <span>Topic</span>
        <span>More</span>
      </div>
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((item) => {
          const l = lines[item.index]!;
          const more = detailOf(l);
          return (
            <div
              key={item.key}
              className="vrow"
              data-testid="trace-line"
              data-what={l.what}
              style={{ transform: `translateY(${item.start}px)`, height: item.size }}
            >
              <span className="t3" title={`${num(l.seq)}, ${l.time}`}>
                {clockTenths(Date.parse(l.time))}
              </span>
              <span className={refused.test(l.what) ? 'unc' : ''}>{l.what}</span>
              <span className="med" title={l.peer}>
                {l.clientId}
              </span>
              <span className="mono" title={l.topic}>
                {l.topic ?? ''}
              </span>
              <span className="t2" title={more}>
                {more}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
