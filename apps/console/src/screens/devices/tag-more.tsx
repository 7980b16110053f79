import { useId, useMemo, useState } from 'react';
import { Frame } from '../../form/field.tsx';
import { faultsIn } from '../../form/faults.ts';
import { SchemaForm } from '../../form/schema-form.tsx';
import { isBlock, type Block, type Schema } from '../../form/schema.ts';
import { columns, type TagRow } from './tag-rows.ts';
import { TestRead } from './test-read.tsx';

const groups = ['Value', 'Report', 'Limits'] as const;
const groupTitle = { Value: 'Value', Report: 'When it is passed on', Limits: 'What a write must keep to' } as const;

/** What a tag has beside the columns of the table: arrays, own values, labels, report, limits; and a read of its address now. */
export function TagMore({
  schema,
  row,
  device,
  group,
  tellAll,
  onChange,
}: {
  schema: Schema;
  row: TagRow;
  device: string;
  group: string;
  tellAll: boolean;
  onChange: (value: Block) => void;
}) {
  const parts = useMemo(
    () =>
      groups.map((name) => ({
        name,
        schema: {
          ...schema,
          properties: Object.fromEntries(
            Object.entries(schema.properties ?? {})
              .filter(([key, s]) => !(columns as readonly string[]).includes(key) && key !== 'labels' && s['x-ui']?.group === name)
              // Who opened the row sees all of it.
              .map(([key, s]) => [key, { ...s, 'x-ui': { ...s['x-ui'], advanced: false } }]),
          ),
          required: [],
          additionalProperties: true,
        } satisfies Schema,
      })),
    [schema],
  );
  return (
    <div className="tagmore" data-testid="tag-more">
      <TestRead device={device} group={group} name={row.name} value={row.value} />
      <div className="groups">
        {parts.map((part) => (
          <section key={part.name}>
            <h4>{groupTitle[part.name]}</h4>
            <SchemaForm
              schema={part.schema}
              value={row.value}
              onChange={onChange}
              faults={faultsIn(part.schema, row.value)}
              tellAll={tellAll}
              testid={`more-${part.name.toLowerCase()}`}
            />
            {part.name === 'Value' ? <Labels value={row.value} onChange={onChange} /> : null}
          </section>
        ))}
      </div>
    </div>
  );
}

/** Words for values, a line each. */
function Labels({ value, onChange }: { value: Block; onChange: (value: Block) => void }) {
  const id = useId();
  const [text, setText] = useState(() =>
    Object.entries(isBlock(value['labels']) ? value['labels'] : {})
      .map(([v, word]) => `${v}: ${String(word)}`)
      .join('\n'),
  );
  const lines = text.split('\n').filter((l) => l.trim() !== '');
  const wrong = lines.find((l) => !/^\s*[^:]+:\s*\S/.test(l));
  return (
    <Frame
      id={id}
      title="Labels"
      help="Words for values, a line each, e.g. 0: stopped. The value itself stays a number."
      fault={wrong === undefined ? undefined : `“${wrong.trim()}” is no value with its word, like 0: stopped.`}
    >
      <textarea
        id={id}
        className="area"
        rows={3}
        spellCheck={false}
        data-testid="more-labels"
        value={text}
        onChange={(e) => {
          setText(e.target.value);
          const made = e.target.value
            .split('\n')
            .map((l) => /^\s*([^:]+?)\s*:\s*(.*\S)\s*$/.exec(l))
            .filter((m) => m !== null)
            .map((m) => [m[1]!, m[2]!] as const);
          const { labels: _, ...rest } = value;
          onChange(made.length === 0 ? rest : { ...rest, labels: Object.fromEntries(made) });
        }}
      />
    </Frame>
  );
}
