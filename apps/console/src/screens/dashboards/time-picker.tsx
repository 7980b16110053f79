import { Popover } from '@mantine/core';
import { useState } from 'react';
import { follows, parseTime, quickRanges, resolveRange, type TimeRange } from '../../chart/time-range.ts';
import { hubNow } from '../../live/live-store.ts';
import { moment, span } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { popUp } from '../../ui/pop-up.ts';

const two = (n: number): string => String(n).padStart(2, '0');
const local = (ms: number): string => {
  const d = new Date(ms);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
};
/** A moment as it stands in an address. */
export const stamp = (ms: number): string => new Date(Math.round(ms)).toISOString();

export function rangeText(range: TimeRange): string {
  const quick = quickRanges.find((q) => q.from === range.from);
  if (follows(range))
    return quick === undefined ? `Last ${span(resolveRange(range, hubNow()).to - resolveRange(range, hubNow()).from)}` : quick.title;
  const { from, to } = resolveRange(range, hubNow());
  const wholeDay = days().find((d) => d.from === range.from && d.to === range.to);
  if (wholeDay !== undefined) return wholeDay.title;
  return `${moment(from)} to ${moment(to)}`;
}

/** Whole days in this browser's time zone. */
function days(): { from: string; to: string; title: string }[] {
  const midnight = (back: number): string => {
    const d = new Date(hubNow());
    return stamp(new Date(d.getFullYear(), d.getMonth(), d.getDate() - back).getTime());
  };
  return [
    { from: midnight(1), to: midnight(0), title: 'Yesterday' },
    { from: midnight(2), to: midnight(1), title: 'The day before' },
  ];
}

/** Relative range, own range, earlier, later and zoom out; what is chosen goes into the address. */
export function TimePicker({ range, set }: { range: TimeRange; set: (range: TimeRange) => void }) {
  const [opened, setOpened] = useState(false);
  const now = resolveRange(range, hubNow());
  const width = now.to - now.from;
  const absolute = (from: number, to: number): void => {
    const end = hubNow();
    if (to >= end) set({ from: `now-${Math.max(1, Math.round((to - from) / 1_000))}s`, to: 'now' });
    else set({ from: stamp(from), to: stamp(to) });
  };
  return (
    <>
      <button
        type="button"
        className="btn iconbtn"
        aria-label="Earlier"
        title="Earlier"
        onClick={() => absolute(now.from - width / 2, now.to - width / 2)}
      >
        <Icon name="back" />
      </button>
      <Popover opened={opened} onChange={setOpened} width={330} {...popUp}>
        <Popover.Target>
          <button type="button" className="btn" data-testid="time-range" onClick={() => setOpened((o) => !o)}>
            <Icon name="time" />
            {rangeText(range)}
          </button>
        </Popover.Target>
        <Popover.Dropdown>
          <div className="quick">
            {quickRanges.map((q) => (
              <button
                key={q.from}
                type="button"
                className={`btn sm${range.from === q.from && follows(range) ? ' primary' : ''}`}
                onClick={() => {
                  set({ from: q.from, to: 'now' });
                  setOpened(false);
                }}
              >
                {q.title}
              </button>
            ))}
            {days().map((d) => (
              <button
                key={d.title}
                type="button"
                className={`btn sm${range.from === d.from && range.to === d.to ? ' primary' : ''}`}
                onClick={() => {
                  set({ from: d.from, to: d.to });
                  setOpened(false);
                }}
              >
                {d.title}
              </button>
            ))}
          </div>
          <Own
            key={`${range.from}${range.to}${opened}`}
            from={now.from}
            to={now.to}
            set={(r) => {
              set(r);
              setOpened(false);
            }}
          />
        </Popover.Dropdown>
      </Popover>
      <button
        type="button"
        className="btn iconbtn"
        aria-label="Later"
        title="Later"
        disabled={follows(range)}
        onClick={() => absolute(now.from + width / 2, now.to + width / 2)}
      >
        <Icon name="forth" />
      </button>
      <button
        type="button"
        className="btn iconbtn"
        aria-label="Zoom out"
        title="Zoom out"
        onClick={() => absolute(now.from - width / 2, now.to + width / 2)}
      >
        <Icon name="zoomOut" />
      </button>
    </>
  );
}

function Own({ from, to, set }: { from: number; to: number; set: (range: TimeRange) => void }) {
  const [a, setA] = useState(local(from));
  const [b, setB] = useState(local(to));
  const [fault, setFault] = useState('');
  const apply = (): void => {
    const x = parseTime(a, hubNow());
    const y = parseTime(b, hubNow());
    if (x === undefined || y === undefined) setFault('Give both times.');
    else if (x >= y) setFault('From must be before to.');
    else set({ from: stamp(x), to: stamp(y) });
  };
  return (
    <form
      style={{ marginTop: 12 }}
      onSubmit={(e) => {
        e.preventDefault();
        apply();
      }}
    >
      <label className="lb" htmlFor="own-from">
        From
      </label>
      <div className="field">
        <input id="own-from" type="datetime-local" step="1" value={a} onChange={(e) => setA(e.target.value)} />
      </div>
      <label className="lb" htmlFor="own-to" style={{ marginTop: 8 }}>
        To
      </label>
      <div className="field">
        <input id="own-to" type="datetime-local" step="1" value={b} onChange={(e) => setB(e.target.value)} />
      </div>
      {fault === '' ? null : (
        <p className="err-line">
          <Glyph name="bad" />
          {fault}
        </p>
      )}
      <div className="row" style={{ marginTop: 12 }}>
        <button type="submit" className="btn primary">
          Show this range
        </button>
      </div>
    </form>
  );
}
