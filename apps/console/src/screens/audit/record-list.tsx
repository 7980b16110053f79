import type { AuditRow } from '@omh/api';
import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { moment } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { resultClass, resultGlyph, resultWord } from './audit-words.ts';

/** Records, the newest first; older ones are asked for when the end comes near. */
export function RecordList({
  records,
  chosen,
  choose,
  more,
  older,
  away,
}: {
  records: readonly AuditRow[];
  chosen: number | undefined;
  choose: (seq: number) => void;
  more: boolean;
  older: () => void;
  /** The list is scrolled or held, so it should not move. */
  away: (is: boolean) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const touch = useMediaQuery('(max-width: 599px)');
  const rows = useVirtualizer({
    count: records.length + (more ? 1 : 0),
    getScrollElement: () => box.current,
    estimateSize: () => (touch ? 74 : 30),
    overscan: 12,
    getItemKey: (i) => records[i]?.seq ?? 'more',
  });
  const items = rows.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  useEffect(() => {
    if (more && last >= records.length - 20) older();
  }, [last, more, records.length, older]);
  const at = records.findIndex((r) => r.seq === chosen);
  return (
    <div
      className="vt records"
      ref={box}
      tabIndex={0}
      role="listbox"
      aria-label="Audit records, newest first"
      onScroll={(e) => away(e.currentTarget.scrollTop > 4)}
      onKeyDown={(e) => {
        const step = e.key === 'ArrowDown' || e.key === 'j' ? 1 : e.key === 'ArrowUp' || e.key === 'k' ? -1 : 0;
        const next = step === 0 ? undefined : records[Math.max(0, at + step)];
        if (next === undefined || next.seq === chosen) return;
        e.preventDefault();
        choose(next.seq);
        rows.scrollToIndex(Math.max(0, at + step));
      }}
    >
      <div className="vhead">
        <span>Time</span>
        <span>Who</span>
        <span>Result</span>
        <span>What was done</span>
        <span>On what</span>
        <span>From</span>
      </div>
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const r = records[item.index];
          const style = { transform: `translateY(${item.start}px)`, height: item.size };
          if (r === undefined)
            return (
              <div key={item.key} className="vrow" style={style}>
                <span className="t3">Reading older records</span>
              </div>
            );
          return (
            <div
              key={item.key}
              role="option"
              aria-selected={r.seq === chosen}
              className={`vrow clickable${r.seq === chosen ? ' sel' : ''}`}
              data-testid="audit-record"
              data-verb={r.verb}
              data-result={r.result}
              style={style}
              onClick={() => choose(r.seq)}
            >
              <span className="t2 a-time">{moment(Date.parse(r.at))}</span>
              <span className="med a-who" title={r.who}>
                {r.who}
              </span>
              <span className={`a-result ${resultClass[r.result]}`}>
                <Glyph name={resultGlyph[r.result]} /> {resultWord[r.result]}
              </span>
              <span className="a-verb">{r.verb}</span>
              <span className="mono t2 a-what" title={r.what}>
                {r.what}
              </span>
              <span className="t3 a-from">{r.from ?? ''}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
