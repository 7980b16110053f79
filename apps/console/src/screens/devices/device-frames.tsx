import type { FrameRow } from '@omh/api';
import { useMemo, useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { hubNow, useTick } from '../../live/live-store.ts';
import { bytes, count, countdown, num, zone } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { Empty, ErrorSay, Skeleton } from '../../ui/panel.tsx';
import { RowTable, type Column } from '../broker/row-table.tsx';
import { frameMatches, useFrames } from './frame-list.ts';

const minutes = 10;
const timeOf = (f: FrameRow): string => {
  const d = new Date(f.time);
  return `${d.toLocaleTimeString('en-GB')}.${String(d.getMilliseconds()).padStart(3, '0')}`;
};
const columns: readonly Column<FrameRow>[] = [
  { title: `Time, ${zone}`, width: '122px', className: 't3', cell: timeOf },
  { title: '', width: '52px', className: 't3', cell: (f) => (f.direction === 'tx' ? 'out' : 'in') },
  { title: 'Unit', width: '62px', num: true, className: 't3', cell: (f) => (f.unit === undefined ? '' : String(f.unit)), phone: 'hidden' },
  {
    title: 'What it says',
    width: 'minmax(180px, 1.4fr)',
    className: 'strongish',
    cell: (f) =>
      f.exception === undefined ? (
        f.text === '' ? (
          <span className="t3">{bytes(f.bytes)}</span>
        ) : (
          f.text
        )
      ) : (
        <span className="bad row">
          <Glyph name="bad" />
          <span className="ell">{f.text}</span>
        </span>
      ),
    hint: (f) => f.text,
  },
  { title: 'Bytes', width: 'minmax(120px, 1fr)', className: 'mono t3 frhexcell', cell: (f) => spaced(f.hex), phone: 'hidden' },
];
const spaced = (hex: string): string => hex.replaceAll(/(..)(?=.)/g, '$1 ');

/** What went over the link, while somebody watches: live, decoded, and as a capture for Wireshark. */
export function DeviceFrames({ device }: { device: string }) {
  useTick(1_000);
  const query = useFrames(device);
  const [find, setFind] = useState('');
  const [frozen, setFrozen] = useState<readonly FrameRow[]>();
  const [chosen, setChosen] = useState<string>();
  const [problem, setProblem] = useState<ApiProblem>();
  const data = query.data;
  const rows = frozen ?? data?.frames;
  const shown = useMemo(() => {
    const words = find
      .toLowerCase()
      .split(/\s+/)
      .filter((w) => w !== '');
    return rows === undefined || words.length === 0 ? (rows ?? []) : rows.filter((f) => frameMatches(f, words));
  }, [rows, find]);
  const path = `/devices/${encodeURIComponent(device)}/frames`;
  const act = async (method: 'POST' | 'DELETE', for_?: number): Promise<void> => {
    setProblem(undefined);
    try {
      await api(path, method === 'POST' ? { body: { minutes: for_ } } : { method });
      if (method === 'DELETE') setFrozen(undefined);
      await query.refetch();
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  if (data === undefined) return query.isError ? <ErrorSay error={query.error} /> : <Skeleton />;
  const control = may('devices.control');
  const open = shown.find((f) => String(f.seq) === chosen);
  return (
    <div className="frames">
      <div className="row framebar">
        {control ? (
          data.on ? (
            <button type="button" className="btn sm" data-testid="frames-stop" onClick={() => void act('POST', 0)}>
              <Icon name="stop" />
              End the log
            </button>
          ) : (
            <button type="button" className="btn sm primary" data-testid="frames-start" onClick={() => void act('POST', minutes)}>
              <Icon name="play" />
              Log for {minutes} min
            </button>
          )
        ) : null}
        <span className="meta nowrap" data-testid="frames-state">
          {data.on && data.until !== undefined
            ? `On, ends in ${countdown(Date.parse(data.until) - hubNow())}. ${count(data.kept, 'frame')}.`
            : data.kept > 0
              ? `Off. ${count(data.kept, 'frame')} kept.`
              : 'Off.'}
          {data.dropped > 0 ? ` ${num(data.dropped)} older ones made room.` : ''}
        </span>
        {data.kept === 0 && rows!.length === 0 ? null : (
          <>
            <div className="field sm framefind">
              <Icon name="search" />
              <input
                data-filter
                data-testid="frames-filter"
                aria-label="Filter the frames; ! in front of a word leaves those out"
                placeholder="exception, write, unit 2, !read"
                value={find}
                spellCheck={false}
                onChange={(e) => setFind(e.target.value)}
              />
            </div>
            <button
              type="button"
              className="btn sm"
              aria-pressed={frozen !== undefined}
              onClick={() => setFrozen((f) => (f === undefined ? data.frames : undefined))}
            >
              <Icon name={frozen === undefined ? 'pause' : 'play'} />
              {frozen === undefined ? 'Hold' : 'Go on'}
            </button>
            <a className="btn sm" href={`/api/v1${path}.pcap`} download data-testid="frames-pcap">
              <Icon name="save" />
              pcap
            </a>
            {control ? (
              <button type="button" className="btn sm" onClick={() => void act('DELETE')}>
                Clear
              </button>
            ) : null}
          </>
        )}
      </div>
      {problem === undefined ? null : <ErrorSay error={problem} />}
      {rows!.length === 0 ? (
        data.on ? (
          <Empty title="No frame yet.">Each request and each answer of {device} appears here as it passes.</Empty>
        ) : (
          <Empty title="No frames are logged.">
            A log shows each request and each answer of {device}, decoded, and saves them for Wireshark. It ends by itself after {minutes}{' '}
            minutes and costs nothing while it is off.{control ? '' : ' Operators can start one.'}
          </Empty>
        )
      ) : (
        <RowTable
          label="Frames"
          rows={shown}
          keyOf={(f) => String(f.seq)}
          columns={columns}
          chosen={chosen}
          choose={(key) => {
            setChosen((c) => (c === key ? undefined : key));
          }}
          testid="frame"
          none="No frame has these words."
        />
      )}
      {open === undefined ? null : (
        <div className="frameopen" data-testid="frame-open">
          <div className="row">
            <b className="ell">{open.text === '' ? 'Frame' : open.text}</b>
            <span className="meta right nowrap">
              {[
                `${timeOf(open)} ${zone}`,
                open.functionName === undefined ? undefined : `${open.functionName} (${open.function})`,
                open.transaction === undefined ? undefined : `transaction ${open.transaction}`,
                open.address === undefined ? undefined : `address ${open.address}`,
                open.count === undefined ? undefined : `count ${open.count}`,
                bytes(open.bytes),
              ]
                .filter((t) => t !== undefined)
                .join(', ')}
            </span>
            <button type="button" className="link" aria-label="Close the frame" onClick={() => setChosen(undefined)}>
              <Icon name="close" />
            </button>
          </div>
          <p className="mono frhex">
            {spaced(open.hex)}
            {open.bytes * 2 > open.hex.length ? ' …' : ''}
          </p>
        </div>
      )}
    </div>
  );
}
