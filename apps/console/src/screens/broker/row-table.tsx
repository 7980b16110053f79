import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type CSSProperties, type ReactNode } from 'react';

export interface Column<R> {
  readonly title: string;
  /** Of the grid: `minmax(120px, 2fr)`. */
  readonly width: string;
  readonly cell: (row: R) => ReactNode;
  readonly hint?: (row: R) => string;
  readonly className?: string;
  /** Numbers stand on the right. */
  readonly num?: boolean;
  /** On a phone: beside its title, or not at all. */
  readonly phone?: 'titled' | 'hidden';
}

/** Rows of one kind, however many; more are asked for when the end comes near. */
export function RowTable<R>({
  label,
  rows,
  keyOf,
  columns,
  chosen,
  choose,
  more = false,
  older,
  none,
  testid,
  touchHeight = 64,
}: {
  label: string;
  rows: readonly R[];
  keyOf: (row: R) => string;
  columns: readonly Column<R>[];
  chosen?: string | undefined;
  choose?: (key: string) => void;
  more?: boolean;
  older?: () => void;
  none: ReactNode;
  testid: string;
  touchHeight?: number;
}) {
  const box = useRef<HTMLDivElement>(null);
  const touch = useMediaQuery('(max-width: 599px)');
  const list = useVirtualizer({
    count: rows.length + (more ? 1 : 0),
    getScrollElement: () => box.current,
    estimateSize: () => (touch ? touchHeight : 32),
    overscan: 12,
    getItemKey: (i) => (i < rows.length ? keyOf(rows[i]!) : '\0more'),
  });
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    list.measure();
  }, [touch, list]);
  useEffect(() => {
    if (more && last >= rows.length - 20) older?.();
    // The way to ask is another function each time.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [last, more, rows.length]);
  const at = chosen === undefined ? -1 : rows.findIndex((r) => keyOf(r) === chosen);
  const step = (to: number): void => {
    const row = rows[Math.max(0, to)];
    if (row === undefined || choose === undefined) return;
    choose(keyOf(row));
    list.scrollToIndex(Math.max(0, to));
  };
  if (rows.length === 0) return <p className="meta nobody">{none}</p>;
  return (
    <div
      className="vt rows"
      ref={box}
      tabIndex={0}
      aria-label={label}
      {...(choose === undefined ? {} : { role: 'listbox' })}
      style={{ '--cols': columns.map((c) => c.width).join(' ') } as CSSProperties}
      onKeyDown={(e) => {
        if (choose === undefined || e.target !== box.current) return;
        const by = e.key === 'ArrowDown' || e.key === 'j' ? 1 : e.key === 'ArrowUp' || e.key === 'k' ? -1 : 0;
        if (by === 0) return;
        e.preventDefault();
        step(at + by);
      }}
    >
      <div className="vhead">
        {columns.map((c) => (
          <span key={c.title} className={c.num === true ? 'num' : ''}>
            {c.title}
          </span>
        ))}
      </div>
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const row = rows[item.index];
          const style = { transform: `translateY(${item.start}px)`, height: item.size };
          if (row === undefined)
            return (
              <div key={item.key} className="vrow" style={style}>
                <span className="t3">Reading more</span>
              </div>
            );
          const key = keyOf(row);
          return (
            <div
              key={item.key}
              className={`vrow${choose === undefined ? '' : ' clickable'}${key === chosen ? ' sel' : ''}`}
              {...(choose === undefined ? {} : { role: 'option', 'aria-selected': key === chosen, onClick: () => choose(key) })}
              data-testid={testid}
              data-key={key}
              style={style}
            >
              {columns.map((c) => (
                <span
                  key={c.title}
                  className={`${c.className ?? ''}${c.num === true ? ' num' : ''}${c.phone === 'hidden' ? ' nophone' : ''}`}
                  title={c.hint?.(row)}
                  data-label={c.phone === 'titled' ? c.title : undefined}
                >
                  {c.cell(row)}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
