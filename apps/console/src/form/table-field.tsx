import { Glyph, Icon } from '../ui/glyph.tsx';
import { Cell } from './cell.tsx';
import type { FormFault } from './faults.ts';
import { kindOf, type Block, type Schema } from './schema.ts';

/** A list of objects as a table: a row each, a column for each of their properties. */
export function TableField({
  schema,
  name,
  value,
  onChange,
  onLeave,
  faults,
  readOnly,
  testid,
}: {
  schema: Schema;
  name: string;
  value: readonly Block[];
  onChange: (value: readonly Block[]) => void;
  onLeave: () => void;
  faults: readonly FormFault[];
  readOnly: boolean;
  testid: string;
}) {
  const columns = Object.entries(schema.items?.properties ?? {}).filter(([, s]) => kindOf(s) !== 'none');
  const whole = faults.find((f) => f.path.length === 0);
  return (
    <div className="fieldset">
      <span className="lb">{schema.title ?? name}</span>
      {value.length === 0 ? null : (
        <div className="gridwrap">
          <table className="grid">
            <thead>
              <tr>
                {columns.map(([key, s]) => (
                  <th key={key} title={s.description}>
                    {s.title ?? key}
                  </th>
                ))}
                {readOnly ? null : <th className="end" aria-label="Remove" />}
              </tr>
            </thead>
            <tbody>
              {value.map((row, i) => (
                <tr key={i}>
                  {columns.map(([key, s]) => (
                    <Cell
                      key={key}
                      schema={s}
                      label={`${s.title ?? key}, row ${i + 1}`}
                      testid={`${testid}-${i}-${key}`}
                      value={row[key]}
                      readOnly={readOnly}
                      fault={faults.find((f) => f.path[0] === String(i) && f.path[1] === key)?.message}
                      onLeave={onLeave}
                      onChange={(next) =>
                        onChange(
                          value.map((r, j) => {
                            if (j !== i) return r;
                            const out: Record<string, unknown> = { ...r, [key]: next };
                            if (next === undefined) delete out[key];
                            return out;
                          }),
                        )
                      }
                    />
                  ))}
                  {readOnly ? null : (
                    <td className="end">
                      <button
                        type="button"
                        className="link"
                        aria-label={`Remove row ${i + 1}`}
                        onClick={() => onChange(value.filter((_, j) => j !== i))}
                      >
                        <Icon name="close" />
                      </button>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {whole === undefined ? null : (
        <p className="err-line">
          <Glyph name="bad" />
          {whole.message}
        </p>
      )}
      {schema.description === undefined ? null : <p className="help">{schema.description}</p>}
      {readOnly ? null : (
        <button type="button" className="btn sm" data-testid={`${testid}-add`} onClick={() => onChange([...value, {}])}>
          <Icon name="plus" />
          Add a row
        </button>
      )}
    </div>
  );
}
