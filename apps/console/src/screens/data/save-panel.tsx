import { Popover } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { useDashboards } from '../../api/queries.ts';
import type { Dashboard, Panel } from '../../api/types.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { popUp } from '../../ui/pop-up.ts';

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60) || 'dashboard';
const fresh = '';

/** Puts the question as a panel at the end of a dashboard, or of a new one. */
export function SavePanel({ sql, chartable }: { sql: string; chartable: boolean }) {
  const boards = useDashboards();
  const client = useQueryClient();
  const [opened, setOpened] = useState(false);
  const [board, setBoard] = useState<string>();
  const [boardTitle, setBoardTitle] = useState('');
  const [title, setTitle] = useState('');
  const [type, setType] = useState<Panel['type']>();
  const [state, setState] = useState<{ busy?: boolean; problem?: ApiProblem; done?: string; fault?: string }>({});
  const list = boards.data ?? [];
  const target = board ?? list[0]?.name ?? fresh;
  const kind = type ?? (chartable ? 'timeseries' : 'table');
  const save = async (): Promise<void> => {
    if (title.trim() === '') {
      setState({ fault: 'The panel needs a title.' });
      return;
    }
    if (target === fresh && boardTitle.trim() === '') {
      setState({ fault: 'The dashboard needs a title.' });
      return;
    }
    setState({ busy: true });
    // The newest state of the dashboard, so that nobody's panel is lost.
    const newest = (await boards.refetch()).data ?? list;
    const old = newest.find((b) => b.name === target);
    const name = old?.name ?? slug(boardTitle);
    if (old === undefined && newest.some((b) => b.name === name)) {
      setState({ fault: `There is a dashboard ${name} already; choose it above or give another title.` });
      return;
    }
    const bottom = Math.max(0, ...(old?.panels ?? []).map((p) => p.gridPos.y + p.gridPos.h));
    const panel: Panel = {
      title: title.trim(),
      type: kind,
      gridPos: { x: 0, y: bottom, w: kind === 'stat' ? 6 : 24, h: kind === 'stat' ? 4 : 10 },
      targets: [{ rawSql: sql }],
    };
    const block: Omit<Dashboard, 'name'> =
      old === undefined
        ? { title: boardTitle.trim(), time: { from: 'now-15m', to: 'now' }, refresh: 'live', panels: [panel] }
        : withoutName({ ...old, panels: [...old.panels, panel] });
    try {
      await api(`/dashboards/${encodeURIComponent(name)}`, { method: 'PUT', body: block });
      await client.invalidateQueries({ queryKey: ['dashboards'] });
      setState({ done: name });
    } catch (error) {
      setState({ problem: asProblem(error) });
    }
  };
  return (
    <Popover opened={opened} onChange={setOpened} width={340} {...popUp}>
      <Popover.Target>
        <button
          type="button"
          className="btn"
          data-testid="save-panel"
          onClick={() => {
            setOpened((o) => !o);
            setState({});
          }}
        >
          <Icon name="dashboard" />
          Save as panel
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void save();
          }}
        >
          <label className="lb" htmlFor="panel-title">
            Title
          </label>
          <div className={`field${state.fault !== undefined && title.trim() === '' ? ' err' : ''}`}>
            <input
              id="panel-title"
              data-testid="panel-title"
              data-autofocus
              value={title}
              onChange={(e) => {
                setTitle(e.target.value);
                setState({});
              }}
            />
          </div>
          <label className="lb" htmlFor="panel-board" style={{ marginTop: 10 }}>
            Dashboard
          </label>
          <div className="field">
            <select id="panel-board" value={target} onChange={(e) => setBoard(e.target.value)}>
              {list.map((b) => (
                <option key={b.name} value={b.name}>
                  {b.title}
                </option>
              ))}
              <option value={fresh}>A new one</option>
            </select>
          </div>
          {target === fresh ? (
            <>
              <label className="lb" htmlFor="board-title" style={{ marginTop: 10 }}>
                Its title
              </label>
              <div className="field">
                <input
                  id="board-title"
                  value={boardTitle}
                  onChange={(e) => {
                    setBoardTitle(e.target.value);
                    setState({});
                  }}
                />
              </div>
            </>
          ) : null}
          <label className="lb" htmlFor="panel-type" style={{ marginTop: 10 }}>
            Shown as
          </label>
          <div className="field">
            <select id="panel-type" value={kind} onChange={(e) => setType(e.target.value as Panel['type'])}>
              {chartable ? <option value="timeseries">Trend</option> : null}
              <option value="table">Table</option>
              <option value="stat">Single value</option>
            </select>
          </div>
          <p className="meta" style={{ marginTop: 10 }}>
            Write <code>$__timeFilter(time)</code> after WHERE, and the panel follows the dashboard's time range.
          </p>
          {state.fault === undefined ? null : (
            <p className="err-line">
              <Glyph name="bad" />
              {state.fault}
            </p>
          )}
          {state.problem === undefined ? null : (
            <div className="err-line">
              <Glyph name="bad" />
              <div>
                <p>{state.problem.message}</p>
                {state.problem.errors.map((x) => (
                  <p key={x.pointer}>{x.message}</p>
                ))}
                {state.problem.next === undefined ? null : <p className="t2">{state.problem.next}</p>}
              </div>
            </div>
          )}
          {state.done === undefined ? null : (
            <p className="row" style={{ marginTop: 8 }}>
              <Glyph name="check" />
              Saved.{' '}
              <Link to="/dashboards/$name" params={{ name: state.done }}>
                Open the dashboard
              </Link>
            </p>
          )}
          <div className="row" style={{ marginTop: 12 }}>
            <button
              type="submit"
              className="btn primary"
              data-testid="save-panel-confirm"
              disabled={state.busy === true || state.done !== undefined}
            >
              {state.busy === true ? 'Saving' : 'Save panel'}
            </button>
            <button type="button" className="btn" onClick={() => setOpened(false)}>
              {state.done === undefined ? 'Cancel' : 'Close'}
            </button>
          </div>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

function withoutName(board: Dashboard): Omit<Dashboard, 'name'> {
  const block: Partial<Dashboard> & Omit<Dashboard, 'name'> = { ...board };
  delete block.name;
  return block;
}
