/* oxlint-disable react-hooks/exhaustive-deps -- Live columns change outside React; a generation or a beat stands for them in the dependency lists. */
import { getRouteApi, Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { QualityWord } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { hubNow, live, useFlow, useHoldTags, useStatus, useTagGeneration, useTick } from '../../live/live-store.ts';
import { all, count, countdown, list, num } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { Empty, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { keyDecimals, keyName } from '../../ui/value.tsx';
import { ValueRow } from './value-row.tsx';

const route = getRouteApi('/live');
const rowHeight = 30;
const phoneRowHeight = 56;
/** What the reason under an opened row takes. */
const whyHeight = 62;
const phoneWhyHeight = 124;
const settleMs = 5_000;
type Wanted = QualityWord | undefined;

/** Rows that match, in the fixed order of their names. */
function match(find: string, quality: Wanted): number[] {
  const { tags } = live();
  const words = find
    .toLowerCase()
    .split(/[\s]+/)
    .filter((w) => w !== '');
  const out: number[] = [];
  for (let row = 0; row < tags.keys.length; row++) {
    if (quality !== undefined && tags.quality(row) !== quality) continue;
    if (words.length > 0) {
      const key = tags.keys[row]!;
      const hay = `${keyName(key)} ${key.path} ${key.address}`.toLowerCase();
      if (!words.every((w) => hay.includes(w))) continue;
    }
    out.push(row);
  }
  const { keys } = tags;
  const names = new Map(out.map((row) => [row, keyName(keys[row]!)]));
  return out.sort((a, b) => names.get(a)!.localeCompare(names.get(b)!, 'en', { numeric: true }));
}

/** good, uncertain, bad of all tags, at most once a second. */
function useCounts(): readonly [number, number, number] {
  const { tags } = live();
  const held = useRef({ at: 0, value: [0, 0, 0] as readonly [number, number, number] });
  return useSyncExternalStore(tags.onAny, () => {
    const [a, b, c] = held.current.value;
    const [g, u, x] = tags.counts;
    if ((a !== g || b !== u || c !== x) && Date.now() - held.current.at > 500) held.current = { at: Date.now(), value: [g, u, x] };
    return held.current.value;
  });
}

export function LiveValues() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  useHoldTags();
  const generation = useTagGeneration();
  const counts = useCounts();
  const find = search.find ?? '';
  const quality = (['good', 'uncertain', 'bad'] as const).find((q) => q === search.quality);
  const [settled, setSettled] = useState(0);
  const over = useRef(0);
  // What matches a quality may change; the rows follow only when nobody points at them.
  useEffect(() => {
    if (quality === undefined) return;
    const timer = setInterval(() => {
      if (Date.now() - over.current > settleMs) setSettled((n) => n + 1);
    }, 1_000);
    return () => clearInterval(timer);
  }, [quality]);
  const rows = useMemo(() => match(find, quality), [find, quality, generation, settled]);
  const total = live().tags.keys.length;
  const set = (patch: { find?: string | undefined; quality?: string | undefined }): void => {
    void navigate({ search: (s) => ({ ...s, ...patch }), replace: true });
  };
  const [good, uncertain, bad] = counts;
  const wrong = uncertain + bad;
  const sentence =
    generation === 0
      ? 'Reading the values.'
      : total === 0
        ? 'No tag is configured yet.'
        : wrong === 0
          ? `${all(total)} ${total === 1 ? 'value is' : 'values are'} good.`
          : wrong === total && (bad === total || uncertain === total)
            ? `${all(total)} ${total === 1 ? 'value is' : 'values are'} ${bad === total ? 'bad' : 'uncertain'}.`
            : `${num(wrong)} of ${count(total, 'value')} ${wrong === 1 ? 'is' : 'are'} not good.`;
  return (
    <div className="screen lv">
      <Head sentence={sentence} sub={<Why wrong={wrong} />} />
      <div className="row bar">
        <div className="field filter">
          <Icon name="search" />
          <input
            data-filter
            data-testid="live-filter"
            aria-label="Filter by device, group, tag, path or address"
            placeholder="Filter: device, group, tag, address"
            value={find}
            spellCheck={false}
            onChange={(e) => set({ find: e.target.value === '' ? undefined : e.target.value })}
          />
          {find === '' ? <kbd>/</kbd> : <span className="meta nowrap">{num(rows.length)} found</span>}
        </div>
        <div className="seg" role="group" aria-label="Quality">
          {(
            [
              [undefined, 'All', total],
              ['good', 'Good', good],
              ['uncertain', 'Uncertain', uncertain],
              ['bad', 'Bad', bad],
            ] as const
          ).map(([q, word, n]) => (
            <button
              key={word}
              type="button"
              aria-pressed={quality === q}
              data-testid={`quality-${q ?? 'all'}`}
              onClick={() => set({ quality: q })}
            >
              {q === undefined ? null : <Glyph name={q === 'good' ? 'run' : q} />}
              {word} {num(n)}
            </button>
          ))}
        </div>
      </div>
      <Panel flush className="lvpanel">
        <div
          onPointerMove={() => {
            over.current = Date.now();
          }}
          style={{ height: '100%' }}
        >
          {generation === 0 ? (
            <Skeleton rows={12} />
          ) : rows.length === 0 ? (
            total === 0 ? (
              <Empty
                title="No tag is read yet."
                action={
                  may('config.write') ? (
                    <Link className="btn primary" to="/devices">
                      Go to the devices
                    </Link>
                  ) : undefined
                }
              >
                A device with a group of tags brings values here, each with its quality, its age and its trend.
              </Empty>
            ) : (
              <Empty
                title={quality === undefined ? 'No tag has that in its name.' : `No ${find === '' ? '' : 'such '}value is ${quality}.`}
                action={
                  <button type="button" className="btn" onClick={() => set({ find: undefined, quality: undefined })}>
                    Show all {num(total)}
                  </button>
                }
              >
                The filter looks at device, group, tag, path and address.
              </Empty>
            )
          ) : (
            <ValueTable rows={rows} />
          )}
        </div>
      </Panel>
    </div>
  );
}

/** Why values are not good: the device's own reason, where the device is the reason. */
function Why({ wrong }: { wrong: number }) {
  const flow = useFlow();
  const status = useStatus();
  useTick(1_000);
  if (flow === undefined) return null;
  if (flow.devices.length === 0) return <>No device is configured; one under devices: in hub.yaml brings its tags here.</>;
  if (wrong === 0) return <>Read from {list(flow.devices.map((d) => d.name))}.</>;
  const hurt = flow.devices.filter((d) => d.bad + d.uncertain > 0).sort((a, b) => b.bad + b.uncertain - a.bad - a.uncertain);
  // A degraded device only counts its tags, and sends the reader here.
  const part = status?.parts.find((p) => p.id === `device/${hurt[0]?.name}` && p.state !== 'running' && p.state !== 'degraded');
  const next = part?.nextTry === undefined ? '' : ` Next try in ${countdown(Date.parse(part.nextTry) - hubNow())}.`;
  const told = list(
    hurt.map((d) => `${num(d.bad + d.uncertain)} of ${d.name}${d.state === 'lost' ? ', which is lost' : ''}`),
    4,
  );
  return hurt.length === 1 && part !== undefined ? (
    <>
      {hurt[0]!.name} {part.state === 'lost' ? 'is lost' : `is ${part.state}`}: {part.reason.text}
      {next}
    </>
  ) : (
    <>
      {told}. {part === undefined ? 'Press a reason to read it whole.' : `${hurt[0]!.name}: ${part.reason.text}${next}`}
    </>
  );
}

const phoneQuery = '(max-width: 599px)';
const usePhone = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      const m = matchMedia(phoneQuery);
      m.addEventListener('change', listener);
      return () => m.removeEventListener('change', listener);
    },
    () => matchMedia(phoneQuery).matches,
  );

/** Live rows of the tag table, steady while their values move. */
export function ValueTable({ rows, title = 'Device, group, tag' }: { rows: readonly number[]; title?: string }) {
  const box = useRef<HTMLDivElement>(null);
  const phone = usePhone();
  const height = phone ? phoneRowHeight : rowHeight;
  const [open, setOpen] = useState<number>();
  const toggle = useCallback((row: number) => setOpen((o) => (o === row ? undefined : row)), []);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: (i) => height + (rows[i] === open ? (phone ? phoneWhyHeight : whyHeight) : 0),
    overscan: 8,
    getItemKey: (i) => rows[i]!,
  });
  useEffect(() => {
    virtual.measure();
  }, [height, open]);
  const places = useMemo(
    () =>
      Math.min(
        4,
        rows.reduce((most, row) => Math.max(most, keyDecimals(live().tags.keys[row]!)), 0),
      ),
    [rows],
  );
  return (
    <div
      className="vt live"
      ref={box}
      tabIndex={0}
      role="table"
      aria-label="Live values"
      aria-rowcount={rows.length}
      data-testid="live-table"
    >
      <div className="vhead" role="row">
        <span role="columnheader">{title}</span>
        <span role="columnheader" className="num">
          Value
        </span>
        <span role="columnheader" aria-label="Unit" />
        <span role="columnheader" className="num">
          Last 10 min
        </span>
        <span role="columnheader">Quality</span>
        <span role="columnheader" className="num">
          Age
        </span>
        <span role="columnheader">Address</span>
        <span role="columnheader" aria-label="Write" />
      </div>
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => (
          <ValueRow
            key={item.key}
            row={rows[item.index]!}
            top={item.start}
            places={places}
            open={rows[item.index] === open}
            toggle={toggle}
          />
        ))}
      </div>
    </div>
  );
}
