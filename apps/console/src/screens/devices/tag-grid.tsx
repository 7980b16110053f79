import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { asProblem } from '../../api/client.ts';
import { Cell } from '../../form/cell.tsx';
import { Elsewhere } from '../../form/elsewhere.tsx';
import type { Schema } from '../../form/schema.ts';
import { kindOf } from '../../form/schema.ts';
import { useFormPlan } from '../../form/use-form-plan.ts';
import { PlanSheet } from '../../plan/plan-sheet.tsx';
import { askPlan, faultsOf, type PlanFault } from '../../plan/plan.ts';
import { count, num } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { tagSchema, tagsSchema, type Plant } from './plant.ts';
import { TagMore } from './tag-more.tsx';
import {
  blankRow,
  changesOfRows,
  columns,
  faultsOfRows,
  hiddenOf,
  isBlank,
  pasteCells,
  placeFaults,
  rowsOf,
  withCell,
  type TagRow,
} from './tag-rows.ts';
import { afterPress } from '../../form/after-press.ts';

/** So many rows are drawn at once; a filter or the button brings the others. */
const pageRows = 200;
const blankRows = 3;
/** After this pause in typing the hub is asked about the addresses. */
const askAfterMs = 400;

/** The tags of one group as a table to type into, like a spreadsheet: several rows at once, paste, Enter goes down. */
export function TagGrid({
  schema,
  plant,
  revision,
  device,
  group,
  onDone,
}: {
  schema: Schema;
  plant: Plant;
  /** The revision that the table was opened on. */
  revision: number;
  device: string;
  group: string;
  onDone: () => void;
}) {
  const one = tagSchema(schema);
  const at = useMemo(() => ['devices', device, 'groups', group, 'tags'], [device, group]);
  const [base] = useState(revision);
  const [before] = useState(() => rowsOf(one, plant.devices[device]?.groups[group]?.tags ?? {}));
  const [rows, setRows] = useState<readonly TagRow[]>(() => {
    const start = [...before];
    for (let i = 0; i < blankRows; i++) start.push(blankRow(start.at(-1)));
    return start;
  });
  const [find, setFind] = useState('');
  const [most, setMost] = useState(pageRows);
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set());
  const [opened, setOpened] = useState<number>();
  const [checked, setChecked] = useState<readonly PlanFault[]>([]);
  const plan = useFormPlan();
  const table = useRef<HTMLTableElement>(null);

  const own = useMemo(() => faultsOfRows(rows, one, tagsSchema(schema)), [rows, one, schema]);
  const ops = useMemo(() => changesOfRows(rows, before, at), [rows, before, at]);
  const asked = JSON.stringify(ops);
  const reviewing = plan.request !== undefined;
  // Rows that are whole are shown to the hub while the person types on; nothing is changed by that.
  useEffect(() => {
    const unfit = new Set(rows.filter((r) => own.has(r.key)).map((r) => r.was));
    const whole = changesOfRows(
      rows.filter((r) => !own.has(r.key)),
      before.filter((b) => !unfit.has(b.was)),
      at,
    );
    setChecked([]);
    // What is under review is asked about there.
    if (whole.length === 0 || reviewing) return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      askPlan({ base, ops: whole }, stop.signal).catch((error: unknown) => {
        if (!stop.signal.aborted && asProblem(error).status === 400) setChecked(faultsOf(asProblem(error)));
      });
    }, askAfterMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
    // The text of the changes stands for the rows.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [asked, base, at, reviewing]);
  const hub = useMemo(() => placeFaults(rows, at, plan.faults.length > 0 ? plan.faults : checked), [rows, at, plan.faults, checked]);

  const change = (next: readonly TagRow[]): void => {
    const last = next.at(-1);
    setRows(last === undefined || !isBlank(last) ? [...next, blankRow(last)] : next);
    plan.changed();
  };
  const setCell = (row: TagRow, column: string, value: unknown): void =>
    change(rows.map((r) => (r === row ? withCell(r, column, value) : r)));
  const leave = (row: TagRow): void => {
    if (!left.has(row.key) && !isBlank(row)) afterPress(() => setLeft((l) => new Set([...l, row.key])));
  };
  const words = find.toLowerCase().trim();
  const shown =
    words === '' ? rows : rows.filter((r) => isBlank(r) || `${r.name} ${String(r.value['address'] ?? '')}`.toLowerCase().includes(words));
  const faultsAt = (row: TagRow) => [...(own.get(row.key) ?? []), ...(own.has(row.key) ? [] : (hub.rows.get(row.key) ?? []))];
  const wrong = rows.filter((r) => faultsAt(r).length > 0).length;
  const numeric = new Set(columns.filter((c) => kindOf(one.properties?.[c] ?? {}) === 'number'));
  const down = (e: KeyboardEvent): void => {
    if (e.key !== 'Enter' || e.ctrlKey || e.metaKey || !(e.target instanceof HTMLInputElement)) return;
    e.preventDefault();
    const cell = e.target.closest('td');
    const line = e.target.closest('tr[data-row]');
    if (cell === null || line === null) return;
    const index = [...line.children].indexOf(cell);
    let next = e.shiftKey ? line.previousElementSibling : line.nextElementSibling;
    while (next !== null && !next.hasAttribute('data-row')) next = e.shiftKey ? next.previousElementSibling : next.nextElementSibling;
    next?.children[index]?.querySelector<HTMLElement>('input,select')?.focus();
  };
  return (
    <form
      ref={plan.form}
      className="tagedit"
      noValidate
      data-testid="tag-grid"
      onSubmit={(e) => {
        e.preventDefault();
        if (ops.length > 0) plan.ask(ops, base, own.size);
      }}
      onKeyDown={(e) => {
        if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) e.currentTarget.requestSubmit();
      }}
    >
      <h3 className="tagtitle">
        {device}/{group}
      </h3>
      {before.length > 20 ? (
        <div className="field tagfind">
          <Icon name="search" />
          <input
            aria-label="Filter the rows"
            placeholder="tag, address"
            value={find}
            spellCheck={false}
            onChange={(e) => setFind(e.target.value)}
          />
        </div>
      ) : null}
      <div className="gridwrap tall">
        <table className="grid tags" ref={table} onKeyDown={down} aria-label={`Tags of ${device}/${group}`}>
          <colgroup>
            <col style={{ width: 140 }} />
            <col style={{ width: 100 }} />
            <col style={{ width: 78 }} />
            <col style={{ width: 90 }} />
            <col style={{ width: 58 }} />
            <col style={{ width: 58 }} />
            <col style={{ width: 66 }} />
            <col style={{ width: 72 }} />
            <col />
            <col style={{ width: 100 }} />
          </colgroup>
          <thead>
            <tr>
              <th title="How the tag is called in its group.">Name</th>
              {columns.slice(1).map((c) => (
                <th key={c} title={one.properties?.[c]?.description}>
                  {one.properties?.[c]?.title ?? c}
                </th>
              ))}
              <th className="end" aria-label="Remove" />
            </tr>
          </thead>
          <tbody>
            {shown.slice(0, most).map((row) => {
              const i = rows.indexOf(row);
              const told = plan.tellAll || left.has(row.key) ? faultsAt(row) : [];
              return [
                <tr
                  key={row.key}
                  data-row={i}
                  data-faults={told.length}
                  data-testid={`tag-row-${i}`}
                  onBlur={(e) => {
                    if (!e.currentTarget.contains(e.relatedTarget)) leave(row);
                  }}
                >
                  {columns.map((c) => (
                    <Cell
                      key={c}
                      schema={c === 'name' ? nameSchema : (one.properties?.[c] ?? {})}
                      label={`${c === 'name' ? 'Name' : (one.properties?.[c]?.title ?? c)}, row ${i + 1}`}
                      testid={`tag-${i}-${c}`}
                      value={c === 'name' ? row.name : row.value[c]}
                      fault={told.find((f) => f.column === c)?.message}
                      readOnly={false}
                      mono={c === 'address'}
                      placeholder={i === 0 && before.length === 0 ? examples[c] : undefined}
                      onPaste={(text) => {
                        const next = pasteCells(rows, i, c, text, numeric);
                        if (next !== undefined) change(next);
                        return next !== undefined;
                      }}
                      onChange={(value) => setCell(row, c, value)}
                    />
                  ))}
                  <td className="end">
                    {isBlank(row) ? null : (
                      <button
                        type="button"
                        className="link rowmore"
                        aria-expanded={opened === row.key}
                        aria-label={`More of row ${i + 1}, ${row.name}`}
                        data-testid={`tag-${i}-more`}
                        onClick={() => setOpened((o) => (o === row.key ? undefined : row.key))}
                      >
                        {hiddenOf(row) > 0 ? `More ${hiddenOf(row)}` : 'More'}
                      </button>
                    )}
                    {isBlank(row) ? null : (
                      <button
                        type="button"
                        className="link"
                        aria-label={`Remove row ${i + 1}, ${row.name}`}
                        onClick={() => change(rows.filter((r) => r !== row))}
                      >
                        <Icon name="close" />
                      </button>
                    )}
                  </td>
                </tr>,
                opened !== row.key ? null : (
                  <tr key={`${row.key}m`} className="faults">
                    <td colSpan={columns.length + 1}>
                      <TagMore
                        schema={one}
                        row={row}
                        device={device}
                        group={group}
                        tellAll={plan.tellAll}
                        onChange={(value) => change(rows.map((r) => (r === row ? { ...r, value } : r)))}
                      />
                    </td>
                  </tr>
                ),
                told.length === 0 && (row.was === undefined || row.was === row.name || row.name === '') ? null : (
                  <tr key={`${row.key}f`} className="faults">
                    <td colSpan={columns.length + 1}>
                      {told.map((f) => (
                        <p key={f.column + f.message} className="err-line" role="alert" data-testid={`tag-${i}-fault`}>
                          <Glyph name="bad" />
                          {f.message}
                        </p>
                      ))}
                      {told.length === 0 ? (
                        <p className="t2">
                          {row.was} ends and {row.name} begins; the history so far stays under the old name.
                        </p>
                      ) : null}
                    </td>
                  </tr>
                ),
              ];
            })}
          </tbody>
        </table>
      </div>
      {shown.length > most ? (
        <button type="button" className="btn sm showmore" onClick={() => setMost((m) => m + pageRows)}>
          Show more, {num(shown.length - most)} are left
        </button>
      ) : null}
      <Elsewhere faults={plan.faults.length > 0 ? hub.rest : []} />
      <div className="formend">
        <button type="submit" className={`btn${ops.length > 0 ? ' primary' : ''}`} disabled={ops.length === 0} data-testid="tags-save">
          {ops.length === 0 ? 'Nothing changed' : 'Review the change'}
        </button>
        <button type="button" className="btn" onClick={onDone} data-testid="tags-cancel">
          {ops.length === 0 ? 'Close' : 'Discard'}
        </button>
        <span className="meta">
          {wrong > 0 && (plan.tellAll || left.size > 0)
            ? `${count(wrong, 'row')} to mend`
            : 'Rows can be pasted from a spreadsheet; Enter goes down.'}
        </span>
      </div>
      {plan.request === undefined ? null : (
        <PlanSheet
          request={plan.request}
          onClose={plan.close}
          onRefused={plan.onRefused}
          onApplied={() => {
            plan.close();
            onDone();
          }}
        />
      )}
    </form>
  );
}

const nameSchema: Schema = { type: 'string', title: 'Name' };
const examples: Partial<Record<string, string>> = { name: 'temperature', address: '1!40001', unit: 'Cel' };
