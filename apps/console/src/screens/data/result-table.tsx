import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import type { SqlAnswer } from '../../api/types.ts';
import { moment, num } from '../../ui/format.ts';

const isTime = (type: string): boolean => /^timestamp|^date/i.test(type);
const isNumber = (type: string): boolean => /int|double|float|real|decimal|numeric|hugeint/i.test(type) && !/interval/i.test(type);

/** Index of the first time column, -1 when there is none. */
export const timeColumn = (a: SqlAnswer): number => a.columns.findIndex((c) => isTime(c.type));
export const numericColumns = (a: SqlAnswer): number[] => a.columns.flatMap((c, i) => (isNumber(c.type) ? [i] : []));

function places(a: SqlAnswer, column: number): number {
  let most = 0;
  for (const row of a.rows.slice(0, 200)) {
    const v = row[column];
    if (typeof v === 'number' && !Number.isInteger(v)) most = Math.max(most, Math.min(3, (String(v).split('.')[1] ?? '').length));
  }
  return most;
}

/** Rows of a query; ten thousand scroll like ten. */
export function ResultTable({
  answer,
  decimals,
  missing = 'null',
}: {
  answer: SqlAnswer;
  decimals?: number | undefined;
  /** What stands for NULL. */
  missing?: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: answer.rows.length, getScrollElement: () => box.current, estimateSize: () => 30, overscan: 10 });
  const columns = useMemo(
    () =>
      answer.columns.map((c, i) => {
        const time = isTime(c.type);
        const number = isNumber(c.type);
        const fixed = number ? (decimals ?? places(answer, i)) : 0;
        const write = (v: unknown): string => {
          if (v === null || v === undefined) return '';
          if (time) {
            const ms = Date.parse(String(v));
            return Number.isFinite(ms) ? moment(ms) : String(v);
          }
          if (number && typeof v === 'number') return num(v, Number.isInteger(v) && fixed === 0 ? 0 : fixed);
          if (typeof v === 'boolean') return v ? 'true' : 'false';
          return typeof v === 'object' ? JSON.stringify(v) : String(v);
        };
        return { ...c, number, write, least: time ? 110 : number ? 92 : 120, most: time ? '190px' : number ? '170px' : '1fr' };
      }),
    [answer, decimals],
  );
  const template = {
    gridTemplateColumns: columns.map((c) => `minmax(${c.least}px,${c.most})`).join(' '),
    minWidth: columns.reduce((sum, c) => sum + c.least, 0),
  };
  return (
    <div
      className="vt"
      ref={box}
      tabIndex={0}
      role="table"
      aria-rowcount={answer.rows.length}
      data-testid="sql-result"
      data-rows={answer.rows.length}
    >
      <div className="vhead" role="row" style={template}>
        {columns.map((c, i) => (
          <span key={i} role="columnheader" className={c.number ? 'num' : ''} title={c.type}>
            {c.name}
          </span>
        ))}
      </div>
      {answer.rows.length === 0 ? <p className="t3 norows">No rows in this range.</p> : null}
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((item) => {
          const row = answer.rows[item.index]!;
          return (
            <div key={item.key} className="vrow" role="row" style={{ ...template, transform: `translateY(${item.start}px)` }}>
              {columns.map((c, i) => (
                <span key={i} role="cell" className={c.number ? 'num' : row[i] === null ? 't3' : ''}>
                  {row[i] === null ? <span className="t3">{missing}</span> : c.write(row[i])}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
