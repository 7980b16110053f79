import { useVirtualizer } from '@tanstack/react-virtual';
import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useRef, type ReactNode } from 'react';
import { Icon } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';

export interface NamedRow {
  readonly name: string;
  readonly state: ReactNode;
  readonly first: ReactNode;
  readonly second: ReactNode;
}

/** Names beside the one that is open. Ten thousand scroll like ten; arrows, J and K move. */
export function NameList({
  rows,
  chosen,
  choose,
  find,
  setFind,
  label,
  none,
}: {
  rows: readonly NamedRow[];
  chosen: string | undefined;
  choose: (name: string) => void;
  find: string;
  setFind: (text: string) => void;
  label: string;
  none: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const touch = useMediaQuery('(max-width: 599px)');
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => (touch ? 60 : 48),
    overscan: 8,
    getItemKey: (i) => rows[i]!.name,
  });
  const at = rows.findIndex((r) => r.name === chosen);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
    // Only another choice moves the list, not another order.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [chosen]);
  const step = (by: number): void => {
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    if (next !== undefined) choose(next.name);
  };
  return (
    <Panel flush className="clip names">
      <div className="row findrow">
        <div className="field sm grow">
          <Icon name="search" />
          <input
            data-filter
            data-testid="find-name"
            aria-label={`Find in ${label}`}
            placeholder="Find"
            spellCheck={false}
            autoComplete="off"
            value={find}
            onChange={(e) => setFind(e.target.value)}
            onKeyDown={(e) => {
              if (e.key === 'Enter' && rows[0] !== undefined) choose(rows[0].name);
            }}
          />
          <kbd>/</kbd>
        </div>
      </div>
      <div
        className="vt"
        ref={box}
        tabIndex={0}
        role="listbox"
        aria-label={label}
        aria-activedescendant={at < 0 ? undefined : `name-${at}`}
        onKeyDown={(e) => {
          const by = e.key === 'ArrowDown' || e.key === 'j' ? 1 : e.key === 'ArrowUp' || e.key === 'k' ? -1 : 0;
          if (by === 0) return;
          e.preventDefault();
          step(by);
        }}
      >
        {rows.length === 0 ? <p className="meta nobody">{none}</p> : null}
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index]!;
            return (
              <div
                key={item.key}
                id={`name-${item.index}`}
                role="option"
                aria-selected={row.name === chosen}
                className={`namerow${row.name === chosen ? ' sel' : ''}`}
                data-testid={`name-${row.name}`}
                style={{ transform: `translateY(${item.start}px)`, height: item.size }}
                onClick={() => choose(row.name)}
              >
                {row.state}
                <span className="grow">
                  <b className="ell">{row.name}</b>
                  <span className="meta ell">{row.second}</span>
                </span>
                <span className="meta nowrap">{row.first}</span>
              </div>
            );
          })}
        </div>
      </div>
    </Panel>
  );
}
