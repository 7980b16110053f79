import { useState } from 'react';
import { Elsewhere } from '../../form/elsewhere.tsx';
import { faultsIn } from '../../form/faults.ts';
import { Field } from '../../form/field.tsx';
import { nameFault, NameField } from '../../form/name-field.tsx';
import type { Schema } from '../../form/schema.ts';
import { useFormPlan } from '../../form/use-form-plan.ts';
import { PlanSheet } from '../../plan/plan-sheet.tsx';
import { pathOf, type PlanRequest } from '../../plan/plan.ts';
import { count, list, num } from '../../ui/format.ts';
import { groupSchema, groupsSchema, withoutSubscriptions, type Plant } from './plant.ts';
import { afterPress } from '../../form/after-press.ts';

const usualInterval = '1s';

/** A new group, or the interval and the end of one that is there. */
export function GroupForm({
  schema,
  plant,
  revision,
  device,
  group,
  onDone,
  onCancel,
}: {
  schema: Schema;
  plant: Plant;
  revision: number;
  device: string;
  /** Absent: a new one. */
  group?: string | undefined;
  /** With the group's name; without it after a deletion. */
  onDone: (group: string | undefined) => void;
  onCancel: () => void;
}) {
  const groups = plant.devices[device]?.groups ?? {};
  const saved = group === undefined ? undefined : groups[group];
  const [base] = useState(revision);
  const [name, setName] = useState('');
  const [interval, setInterval] = useState(saved?.interval ?? usualInterval);
  const [left, setLeft] = useState<readonly string[]>([]);
  const [removal, setRemoval] = useState<PlanRequest>();
  const plan = useFormPlan();
  const at = ['devices', device, 'groups', group ?? name];
  const own = groupSchema(schema).properties?.['interval'] ?? {};
  const noName = group === undefined ? nameFault(name, 'group', Object.keys(groups), groupsSchema(schema)) : undefined;
  const noInterval = faultsIn(
    { type: 'object', required: ['interval'], properties: { interval: own } },
    interval === '' ? {} : { interval },
  )[0]?.message;
  const refused = plan.faults.find((f) => f.path[4] === 'interval');
  const edited = group === undefined || interval !== saved?.interval;
  const tags = Object.keys(saved?.tags ?? {}).length;
  const { ops: subscriptions, apps } = withoutSubscriptions(plant, device, group ?? '');
  return (
    <form
      ref={plan.form}
      className="formbox"
      noValidate
      data-testid="group-form"
      onSubmit={(e) => {
        e.preventDefault();
        if (!edited) return;
        plan.ask(
          group === undefined
            ? [{ op: 'add', path: pathOf(...at), value: { interval } }]
            : [{ op: 'add', path: pathOf(...at, 'interval'), value: interval }],
          base,
          [noName, noInterval].filter((f) => f !== undefined).length,
        );
      }}
    >
      {group === undefined ? (
        <NameField
          noun="group"
          placeholder="fast"
          testid="group-name"
          value={name}
          onChange={(v) => {
            setName(v);
            plan.changed();
          }}
          onLeave={() => afterPress(() => setLeft((l) => [...l, 'name']))}
          fault={plan.tellAll || left.includes('name') ? noName : undefined}
        />
      ) : null}
      <Field
        schema={own}
        name="interval"
        value={interval}
        onChange={(v) => {
          setInterval(typeof v === 'string' ? v.trim() : '');
          plan.changed();
        }}
        onLeave={() => afterPress(() => setLeft((l) => [...l, 'interval']))}
        fault={
          refused?.message.replace(/^interval /, 'The interval ') ?? (plan.tellAll || left.includes('interval') ? noInterval : undefined)
        }
        required
        readOnly={false}
        testid="group-interval"
      />
      <Elsewhere faults={plan.faults.filter((f) => f !== refused)} />
      <div className="formend">
        <button type="submit" className={`btn${edited ? ' primary' : ''}`} disabled={!edited} data-testid="group-save">
          {group === undefined ? 'Add group' : 'Review the change'}
        </button>
        <button type="button" className="btn" onClick={onCancel}>
          Cancel
        </button>
        {group === undefined ? null : (
          <button
            type="button"
            className="btn danger right"
            data-testid="group-delete"
            onClick={() => setRemoval({ base, ops: [...subscriptions, { op: 'remove', path: pathOf(...at) }] })}
          >
            Delete group
          </button>
        )}
      </div>
      {plan.request === undefined ? null : (
        <PlanSheet
          request={plan.request}
          action={group === undefined ? `Add ${name}` : undefined}
          onClose={plan.close}
          onRefused={plan.onRefused}
          onApplied={() => {
            plan.close();
            onDone(group ?? name);
          }}
        />
      )}
      {removal === undefined || group === undefined ? null : (
        <PlanSheet
          request={removal}
          title={`Delete ${device}/${group}`}
          action={`Delete ${group}`}
          confirm={tags > 0 ? group : undefined}
          onClose={() => setRemoval(undefined)}
          onApplied={() => {
            setRemoval(undefined);
            onDone(undefined);
          }}
        >
          <p>
            Takes the group {group} with {tags === 0 ? 'no tags' : tags === 1 ? 'its 1 tag' : `its ${num(tags)} tags`} out of the hub file.
            {apps.length === 0 ? '' : ` ${list(apps)} no longer ${apps.length === 1 ? 'sends' : 'send'} ${count(tags, 'value')} of it.`} The
            history stays until its retention ends.
          </p>
        </PlanSheet>
      )}
    </form>
  );
}
