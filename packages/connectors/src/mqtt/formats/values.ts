import { carriesValue, msFromMicros, valueAt, type GroupCycle } from '@omh/core';
import { errorCode } from './error-code.ts';
import { jsonValue } from './json-value.ts';
import { labelOf, put, type FormatOptions, type PayloadFormat } from './payload-format.ts';

/** Neuron's `values` object: values by name, codes of tags without one under `errors`. */
export interface ValuesPayload {
  readonly timestamp: number;
  readonly node: string;
  readonly group: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly metas: Readonly<Record<string, never>>;
  /** With the option `labels`, where a value has a word. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A static tag takes the place of a collected one of the same name. */
export const valuesFormat = ({ reportErrors, labels: withLabels, staticTags }: FormatOptions): PayloadFormat => {
  const constants = Object.entries(staticTags);
  return {
    contentType: 'application/json',
    encode(cycle: GroupCycle, from: number, to: number): ValuesPayload {
      const { tags, batch } = cycle;
      const values: Record<string, unknown> = {};
      const errors: Record<string, number> = {};
      const labels: Record<string, string> = {};
      for (let i = from; i < to; i++) {
        const tag = tags[i]!;
        if (carriesValue(batch.quality[i]!)) {
          const value = jsonValue(valueAt(batch, i, tag)!, tag);
          put(values, tag.name, value);
          const label = withLabels ? labelOf(tag, value) : undefined;
          if (label !== undefined) put(labels, tag.name, label);
        } else if (reportErrors) put(errors, tag.name, errorCode(batch.quality[i]!));
      }
      for (const [name, value] of constants) {
        put(values, name, value);
        delete errors[name];
        delete labels[name];
      }
      const made = { timestamp: msFromMicros(batch.receiveTime), node: cycle.device, group: cycle.group, values, errors, metas: {} };
      return withLabels ? { ...made, labels } : made;
    },
  };
};
