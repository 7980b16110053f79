/* oxlint-disable react-hooks/exhaustive-deps -- The address is read when the screen opens, not when it changes under it. */
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { runSql } from '../../api/queries.ts';
import type { SqlAnswer } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { TimeChart } from '../../chart/time-chart.tsx';
import { expandMacros } from '../../chart/time-range.ts';
import { Editor } from '../../editor/editor.tsx';
import { hubNow } from '../../live/live-store.ts';
import { count, list, num, span } from '../../ui/format.ts';
import { Icon } from '../../ui/glyph.tsx';
import { Empty, ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { sqlSeries } from '../dashboards/panel-view.tsx';
import { numericColumns, ResultTable, timeColumn } from './result-table.tsx';
import { SavePanel } from './save-panel.tsx';
import { buildSql, useSchema, type Built, type Schema } from './schema.ts';

const route = getRouteApi('/data');
const rowLimit = 10_000;
const lookBackMs = 900_000;
/** Only a plain question runs by itself when an address is opened; anything that could change data waits for a person. */
const harmless = (sql: string): boolean => /^\s*select\b/i.test(sql) && !sql.includes(';');

export function Data() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { schema, loading } = useSchema();
  const [sql, setSql] = useState(search.sql ?? '');
  const [state, setState] = useState<{ answer?: SqlAnswer; error?: unknown; busy: boolean; sql?: string }>({ busy: false });
  const running = useRef<AbortController | undefined>(undefined);
  const run = (text = sql): void => {
    if (text.trim() === '') return;
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    setState((s) => ({ ...s, busy: true }));
    void navigate({ search: (s) => ({ ...s, sql: text }), replace: true });
    const now = hubNow();
    runSql(expandMacros(text, now - lookBackMs, now), rowLimit, abort.signal)
      .then((answer) => setState({ answer, busy: false, sql: text }))
      .catch((error: unknown) => {
        if (!abort.signal.aborted) setState({ error, busy: false });
      });
  };
  useEffect(() => {
    if (search.sql !== undefined && harmless(search.sql)) run(search.sql);
    return () => running.current?.abort();
  }, []);
  useEffect(() => {
    // The first question is about the newest rows of the plant's own table.
    if (loading || sql !== '' || search.sql !== undefined) return;
    const table = Object.keys(schema).find((t) => t !== 'samples' && t !== 'last_values');
    const from = table ?? 'last_values';
    const first = buildSql({
      table: from,
      columns: [],
      order: (schema[from] ?? []).some((c) => c.name === 'time') ? 'time' : '',
      newest: true,
      limit: 100,
    });
    setSql(first);
    run(first);
  }, [schema, loading]);
  const completion = useMemo(
    () => Object.fromEntries(Object.entries(schema).map(([t, columns]) => [t, columns.map((c) => c.name)])),
    [schema],
  );
  const { answer } = state;
  const own = Object.keys(schema).filter((t) => t !== 'samples' && t !== 'last_values');
  const chartable = answer !== undefined && timeColumn(answer) >= 0 && numericColumns(answer).length > 0 && answer.rows.length > 1;
  const view = search.view === 'chart' && chartable ? 'chart' : 'table';
  const tables = Object.keys(schema).length;
  const reading = Object.keys(schema).length === 0;
  const sentence =
    state.error !== undefined
      ? 'The question was refused.'
      : answer === undefined
        ? state.busy
          ? 'Asking the history.'
          : 'Ask the history in SQL.'
        : answer.rows.length === 0
          ? 'The answer has no rows.'
          : `${count(answer.rows.length, 'row')}, answered in ${answer.ms < 1 ? 'less than 1 ms' : answer.ms < 1_000 ? `${num(answer.ms, answer.ms < 10 ? 1 : 0)} ms` : span(answer.ms)}.`;
  return (
    <div className="screen dt">
      <Head
        sentence={sentence}
        sub={
          reading
            ? 'Looking which tables there are.'
            : answer?.truncated === true
              ? `Only the first ${num(answer.rows.length)} rows are shown; narrow the question.`
              : `${count(tables, 'table')}: ${own.length === 0 ? 'every sample the hub read, and its last values' : `every sample the hub read, its last values, and ${list(own)} for what rules keep`}.`
        }
      >
        {answer !== undefined && answer.rows.length > 0 ? (
          <button type="button" className="btn" data-testid="csv" onClick={() => download(answer)}>
            <Icon name="save" />
            CSV
          </button>
        ) : null}
        {answer !== undefined && may('config.write') ? <SavePanel sql={state.sql ?? sql} chartable={chartable} /> : null}
      </Head>
      <Panel flush className="asksql">
        <Builder schema={schema} write={setSql} />
        <div className="editbox" data-testid="sql-editor">
          <Editor
            language="sql"
            label="SQL"
            testid="sql-text"
            value={sql}
            onChange={setSql}
            onRun={() => run()}
            schema={completion}
            hint="SELECT …"
          />
        </div>
        <div className="row runrow">
          <button type="button" className="btn primary" data-testid="sql-run" onClick={() => run()}>
            <Icon name="play" />
            {state.busy ? 'Asking' : 'Ask'}
          </button>
          <span className="meta">
            <kbd>Ctrl Enter</kbd>
          </span>
          {state.busy ? (
            <button
              type="button"
              className="btn quiet sm"
              onClick={() => {
                running.current?.abort();
                setState((s) => ({ ...s, busy: false }));
              }}
            >
              Stop waiting
            </button>
          ) : null}
          <span className="right seg" role="group" aria-label="Show as">
            {(['table', 'chart'] as const).map((v) => (
              <button
                key={v}
                type="button"
                aria-pressed={view === v}
                disabled={v === 'chart' && !chartable}
                title={v === 'chart' && !chartable ? 'A chart needs a time column and a numeric one' : undefined}
                data-testid={`view-${v}`}
                onClick={() => {
                  void navigate({ search: (s) => ({ ...s, view: v }), replace: true });
                }}
              >
                {v === 'table' ? 'Table' : 'Chart'}
              </button>
            ))}
          </span>
        </div>
      </Panel>
      {state.error !== undefined ? (
        <div>
          <ErrorSay error={state.error} retry={() => run()} />
        </div>
      ) : (
        <Panel flush className="clip result">
          {answer === undefined ? (
            state.busy || reading ? (
              <Skeleton rows={8} />
            ) : (
              <Empty title="Nothing is asked yet.">
                Choose a table above or write SQL. <code>samples</code> holds every value with its quality, <code>last_values</code> the
                newest of each tag; tables of your own hold what rules inserted.
              </Empty>
            )
          ) : answer.columns.length === 0 ? (
            <Empty title="Done.">The statement returned no rows.</Empty>
          ) : answer.rows.length === 0 ? (
            <Empty title="No rows.">
              Nothing in that table matches. A table fills when a rule inserts into it; <code>samples</code> holds every value that was
              read.
            </Empty>
          ) : view === 'chart' ? (
            <AnswerChart answer={answer} />
          ) : (
            <ResultTable answer={answer} />
          )}
        </Panel>
      )}
    </div>
  );
}

function AnswerChart({ answer }: { answer: SqlAnswer }) {
  const series = useMemo(() => sqlSeries(answer), [answer]);
  const [zoom, setZoom] = useState<{ from: number; to: number }>();
  useEffect(() => setZoom(undefined), [answer]);
  const times = series[0]?.time ?? [];
  const from = zoom?.from ?? times[0] ?? 0;
  const to = zoom?.to ?? times[times.length - 1] ?? 1;
  return (
    <div style={{ height: '100%', padding: '6px 4px 4px' }}>
      <TimeChart
        series={series}
        from={from}
        to={to > from ? to : from + 1_000}
        label="Answer"
        onZoom={(a, b) => setZoom({ from: a, to: b })}
        onReset={() => setZoom(undefined)}
      />
    </div>
  );
}

function Builder({ schema, write }: { schema: Schema; write: (sql: string) => void }) {
  const names = Object.keys(schema).sort(
    (a, b) => Number(a === 'samples' || a === 'last_values') - Number(b === 'samples' || b === 'last_values') || a.localeCompare(b),
  );
  const [built, setBuilt] = useState<Built>({ table: '', columns: [], order: 'time', newest: true, limit: 100 });
  const table = schema[built.table] === undefined ? (names[0] ?? '') : built.table;
  const columns = schema[table] ?? [];
  const timely = columns.some((c) => c.name === built.order && /^timestamp|^date/i.test(c.type));
  const set = (patch: Partial<Built>): void => {
    const next = { ...built, table, ...patch };
    if (patch.table !== undefined) {
      next.columns = [];
      next.order = (schema[patch.table] ?? []).some((c) => c.name === 'time') ? 'time' : '';
    }
    setBuilt(next);
    write(buildSql(next));
  };
  return (
    <div className="builder" data-testid="sql-builder">
      <label className="field sm">
        <span className="meta">Table</span>
        <select value={table} onChange={(e) => set({ table: e.target.value })}>
          {names.map((n) => (
            <option key={n}>{n}</option>
          ))}
        </select>
      </label>
      <div className="chips" role="group" aria-label="Columns">
        {columns.map((c) => {
          const on = built.columns.includes(c.name);
          return (
            <button
              key={c.name}
              type="button"
              className={`chip${on ? ' on' : ''}`}
              aria-pressed={on}
              title={c.type}
              onClick={() =>
                set({
                  columns: on
                    ? built.columns.filter((n) => n !== c.name)
                    : columns.map((x) => x.name).filter((n) => n === c.name || built.columns.includes(n)),
                })
              }
            >
              {c.name}
            </button>
          );
        })}
      </div>
      <label className="field sm">
        <span className="meta">Order</span>
        <select value={built.order} onChange={(e) => set({ order: e.target.value })}>
          <option value="">none</option>
          {columns.map((c) => (
            <option key={c.name}>{c.name}</option>
          ))}
        </select>
      </label>
      <label className="field sm">
        <select aria-label="Direction" value={built.newest ? 'desc' : 'asc'} onChange={(e) => set({ newest: e.target.value === 'desc' })}>
          <option value="desc">{timely ? 'newest first' : 'highest first'}</option>
          <option value="asc">{timely ? 'oldest first' : 'lowest first'}</option>
        </select>
      </label>
      <label className="field sm">
        <span className="meta">Limit</span>
        <select value={built.limit} onChange={(e) => set({ limit: Number(e.target.value) })}>
          {[10, 100, 1_000, 10_000].map((n) => (
            <option key={n} value={n}>
              {num(n)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** A cell that a spreadsheet would take as a formula gets an apostrophe before it. */
const cell = (v: unknown): string => {
  const text = v === null || v === undefined ? '' : typeof v === 'object' ? JSON.stringify(v) : String(v);
  const safe = typeof v === 'string' && /^[=+\-@\t\r]/.test(text) && !/^-?\d/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
function download(answer: SqlAnswer): void {
  const lines = [answer.columns.map((c) => cell(c.name)), ...answer.rows.map((r) => r.map(cell))].map((r) => r.join(','));
  const url = URL.createObjectURL(new Blob([`${lines.join('\r\n')}\r\n`], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'omh-data.csv';
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
