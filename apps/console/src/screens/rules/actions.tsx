import type { RuleAction, RuleStatus } from '../../api/types.ts';
import { SchemaForm } from '../../form/schema-form.tsx';
import type { Schema } from '../../form/schema.ts';
import { num } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';

const kindOf = (a: RuleAction): 'historian' | 'republish' | 'console' =>
  'historian' in a ? 'historian' : 'republish' in a ? 'republish' : 'console';
const titles = { historian: 'Keep in history', republish: 'Publish', console: 'Write to the log' } as const;
const fresh: Record<keyof typeof titles, RuleAction> = {
  historian: { historian: 'INSERT INTO my_table(time, value) VALUES (now(), ${value})' },
  republish: { republish: { topic: 'alerts/${name}', payload: '${value}' } },
  console: { console: true },
};

/** What happens on a match, each with its counters; editable in place. */
export function Actions({
  actions,
  status,
  editable,
  schema,
  change,
}: {
  actions: readonly RuleAction[];
  status: RuleStatus['actions'] | undefined;
  editable: boolean;
  /** What an action may hold: the forms of its kinds are made from it. */
  schema: Schema;
  change: (actions: RuleAction[]) => void;
}) {
  const set = (i: number, action: RuleAction): void => change(actions.map((a, j) => (j === i ? action : a)));
  const shown = editable || actions.length > 0 ? actions : [];
  return (
    <Panel
      title="Actions on a match"
      flush
      right={
        editable ? (
          <div className="field sm add">
            <Icon name="plus" />
            <select
              aria-label="Add an action"
              value=""
              onChange={(e) => {
                if (e.target.value !== '') change([...actions, fresh[e.target.value as keyof typeof fresh]]);
              }}
            >
              <option value="">Add</option>
              {Object.entries(titles).map(([kind, title]) => (
                <option key={kind} value={kind}>
                  {title}
                </option>
              ))}
            </select>
          </div>
        ) : undefined
      }
    >
      <ul className="act">
        {shown.map((action, i) => {
          const counters = status?.[i];
          const kind = kindOf(action);
          return (
            <li key={i} className={counters !== undefined && counters.failed > 0 ? 'hurt' : ''}>
              <div className="row">
                <Glyph name={counters === undefined ? 'wait' : counters.failed > 0 ? 'bad' : counters.pending > 0 ? 'uncertain' : 'run'} />
                <b>{titles[kind]}</b>
                <span className="meta right nowrap" data-testid={`action-${i}-success`}>
                  {counters === undefined ? 'not saved' : `${num(counters.success)} done`}
                </span>
                {editable ? (
                  <button
                    type="button"
                    className="link"
                    aria-label={`Remove ${titles[kind]}`}
                    onClick={() => change(actions.filter((_, j) => j !== i))}
                  >
                    <Icon name="close" />
                  </button>
                ) : null}
              </div>
              {'historian' in action ? (
                <>
                  <Text
                    value={action.historian}
                    editable={editable}
                    label="INSERT INTO table(column) VALUES (${field})"
                    set={(historian) => set(i, { historian })}
                  />
                  {editable && counters === undefined ? (
                    <p>
                      The table has to be there: Data shows which are, <code>historian: setup:</code> in hub.yaml makes new ones.
                    </p>
                  ) : null}
                </>
              ) : 'republish' in action ? (
                <SchemaForm
                  schema={schema.properties?.['republish'] ?? {}}
                  value={{ ...action.republish }}
                  onChange={(republish) => set(i, { republish: republish as { topic: string } })}
                  faults={[]}
                  tellAll={false}
                  readOnly={!editable}
                  testid={`action-${i}`}
                />
              ) : (
                <p>Each output goes to the hub's log.</p>
              )}
              {counters === undefined || counters.pending === 0 ? null : <p className="unc">{num(counters.pending)} wait.</p>}
              {counters === undefined || counters.failed === 0 ? null : (
                <p className="bad">
                  {num(counters.failed)} failed{counters.lastError === undefined ? '' : `, last: ${counters.lastError.text}`}
                </p>
              )}
            </li>
          );
        })}
        {shown.length === 0 && status !== undefined
          ? status.map((s, i) => (
              <li key={i}>
                <div className="row">
                  <Glyph name="run" />
                  <b>{titles[s.kind]}</b>
                  <span className="meta right">{num(s.success)} done</span>
                </div>
                <p className="mono">{s.text}</p>
              </li>
            ))
          : null}
        {shown.length === 0 && (status?.length ?? 0) === 0 ? (
          <li>
            <p>Nothing happens yet. Add an action.</p>
          </li>
        ) : null}
      </ul>
    </Panel>
  );
}

const Text = ({ value, editable, label, set }: { value: string; editable: boolean; label: string; set: (v: string) => void }) =>
  editable ? (
    <textarea
      className="area tight"
      aria-label={label}
      title={label}
      placeholder={label}
      rows={Math.min(6, Math.max(1, Math.ceil(value.length / 28)))}
      spellCheck={false}
      value={value}
      onChange={(e) => set(e.target.value)}
    />
  ) : (
    <p className="mono">{value}</p>
  );
