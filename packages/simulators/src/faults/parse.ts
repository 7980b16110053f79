import { faultsInWords } from '@omh/config/schema';
import type { JsonSchema, OmhError } from '@omh/core';
import { errors } from '../errors.ts';
import type { FaultConfig } from './config.ts';
import { faultSchema } from './schema.ts';

/** A fault as it is asked for by a person or a program. Throws SIMULATORS_FAULT_SETTINGS. */
export function parseFault(value: unknown): FaultConfig {
  const schema = faultSchema as unknown as JsonSchema;
  const [wrong] = faultsInWords(schema, value, 'the fault');
  if (wrong !== undefined)
    throw errors.SIMULATORS_FAULT_SETTINGS({ detail: wrong.fix === undefined ? wrong.message : `${wrong.message} ${wrong.fix}` });
  const config = structuredClone(value) as FaultConfig;
  const range = rangeFault(config);
  if (range !== undefined) throw errors.SIMULATORS_FAULT_SETTINGS({ detail: range.text }, { cause: range });
  return config;
}

/** What is wrong with a range whose end stands alone or before its beginning. */
export function rangeFault({ from, to }: { readonly from?: number; readonly to?: number }): OmhError | undefined {
  return to === undefined || (from !== undefined && from <= to)
    ? undefined
    : errors.SIMULATORS_FAULT_RANGE({ from: from ?? 'missing', to });
}

/** `silent,for=10s,unit=2` as settings; numbers are numbers. */
export function faultOfText(text: string): Record<string, unknown> {
  const [fault, ...rest] = text.split(',').map((part) => part.trim());
  const out: Record<string, unknown> = { fault };
  for (const part of rest) {
    const equals = part.indexOf('=');
    const value = part.slice(equals + 1);
    out[equals < 0 ? part : part.slice(0, equals)] = equals >= 0 && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  }
  return out;
}
