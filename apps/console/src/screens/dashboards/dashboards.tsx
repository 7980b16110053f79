import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useDashboards } from '../../api/queries.ts';
import type { Dashboard } from '../../api/types.ts';
import { follows, type TimeRange } from '../../chart/time-range.ts';
import { live, useFlow, useTagGeneration } from '../../live/live-store.ts';
import { all, list } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { Empty, ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { isTag, PanelView } from './panel-view.tsx';
import { stamp, TimePicker } from './time-picker.tsx';

const refreshes: readonly { id: string; title: string; ms: number }[] = [
  { id: 'live', title: 'Live', ms: 2_000 },
  { id: '30s', title: '30 s', ms: 30_000 },
  { id: 'off', title: 'Off', ms: 0 },
];
const refreshMs: Record<string, number> = { live: 2_000, off: 0, '5s': 5_000, '30s': 30_000, '1m': 60_000, '5m': 300_000 };

/** The dashboard of the address, or the first one. */
export function Dashboards() {
  const { name } = useParams({ strict: false });
  const boards = useDashboards();
  if (boards.data === undefined) {
    return (
      <div className="screen">
        <Head sentence="Dashboards" />
        {boards.isError ? (
          <ErrorSay
            error={boards.error}
            retry={() => {
              void boards.refetch();
            }}
          />
        ) : (
          <Panel>
            <Skeleton />
          </Panel>
        )}
      </div>
    );
  }
  const board = name === undefined ? boards.data[0] : boards.data.find((b) => b.name === name);
  if (board === undefined) {
    return (
      <div className="screen">
        <Head sentence={name === undefined ? 'There is no dashboard yet.' : `There is no dashboard ${name}.`} />
        <Panel>
          <Empty
            title="A dashboard shows what one person must keep in sight."
            action={
              <Link className="btn primary" to="/data">
                Begin with a query
              </Link>
            }
          >
            Trends, values and tables over one time range. Ask a question under Data and save its answer as a panel, or write one under{' '}
            <code>dashboards:</code> in hub.yaml.
          </Empty>
        </Panel>
      </div>
    );
  }
  return <Board key={board.name} board={board} boards={boards.data} />;
}

function Board({ board, boards }: { board: Dashboard; boards: readonly Dashboard[] }) {
  const search: { from?: string; to?: string; refresh?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const range: TimeRange = { from: search.from ?? board.time?.from ?? 'now-15m', to: search.to ?? board.time?.to ?? 'now' };
  const refresh = search.refresh ?? board.refresh ?? 'live';
  const every = refreshMs[refresh] ?? 2_000;
  const set = (patch: { from?: string; to?: string; refresh?: string }): void => {
    void navigate({ to: '/dashboards/$name', params: { name: board.name }, search: (s) => ({ ...s, ...patch }) });
  };
  const zoom = (from: number, to: number): void => set({ from: stamp(from), to: stamp(to) });
  const reset = (): void => {
    void navigate({
      to: '/dashboards/$name',
      params: { name: board.name },
      search: (s) => ({ ...(s.refresh === undefined ? {} : { refresh: s.refresh }) }),
    });
  };
  return (
    <div className="screen db">
      <Head sentence={board.title} sub={<Truth board={board} range={range} />}>
        {boards.length < 2 ? null : (
          <div className="field">
            <select
              aria-label="Dashboard"
              value={board.name}
              onChange={(e) => {
                void navigate({ to: '/dashboards/$name', params: { name: e.target.value } });
              }}
            >
              {boards.map((b) => (
                <option key={b.name} value={b.name}>
                  {b.title}
                </option>
              ))}
            </select>
          </div>
        )}
        <TimePicker range={range} set={set} />
        <span className="seg" role="group" aria-label="Refresh">
          {refreshes.map((r) => (
            <button
              key={r.id}
              type="button"
              aria-pressed={follows(range) ? refresh === r.id : r.id === 'off'}
              onClick={() => {
                // The past does not move: who wants it live goes back to now.
                if (follows(range)) set({ refresh: r.id });
                else if (r.id !== 'off')
                  void navigate({ to: '/dashboards/$name', params: { name: board.name }, search: () => ({ refresh: r.id }) });
              }}
            >
              {r.id === 'live' ? <Glyph name="run" /> : null}
              {r.title}
            </button>
          ))}
        </span>
      </Head>
      <div className="grid24">
        {board.panels.map((panel, index) => {
          const { x, y, w, h } = panel.gridPos;
          return (
            <div
              key={index}
              className="cell"
              style={{ gridColumn: `${x + 1} / span ${w}`, gridRow: `${y + 1} / span ${h}`, order: y * 24 + x, ['--h' as string]: h }}
            >
              <PanelView
                panel={panel}
                index={index}
                range={range}
                refreshMs={every}
                syncKey={`board-${board.name}`}
                onZoom={zoom}
                onReset={reset}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** What is true of this dashboard's data now. */
function Truth({ board, range }: { board: Dashboard; range: TimeRange }) {
  useTagGeneration();
  useFlow();
  const tags = [...new Set(board.panels.flatMap((p) => p.targets.filter(isTag).map((t) => t.tag)))];
  const wrong = tags.filter((t) => {
    const row = live().tags.row(t);
    return row !== undefined && live().tags.quality(row) !== 'good';
  });
  if (!follows(range)) return <>Shows the past, which does not move. Press Live, or double-click a chart, to follow again.</>;
  const lead =
    wrong.length === 0
      ? tags.length === 0
        ? ''
        : tags.length === 1
          ? 'Its tag is good. '
          : `${all(tags.length)} tags are good. `
      : `${list(wrong.map((t) => t.replace(/^([^/]+)\/[^/]+\//, '$1 ')))} ${wrong.length === 1 ? 'is' : 'are'} not good. `;
  return <>{lead}Drag over a chart to look closer.</>;
}
