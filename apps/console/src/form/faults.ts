import { faultsInWords } from '@omh/config/schema';
import type { PlanFault } from '../plan/plan.ts';
import { isBlock, resolve, type Block, type Schema } from './schema.ts';

/** What is wrong with one field; `path` leads to it inside the form's value. */
export interface FormFault {
  readonly path: readonly string[];
  readonly message: string;
}

const segments = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'));
const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((v, key) => (Array.isArray(v) ? v[Number(key)] : isBlock(v) && Object.hasOwn(v, key) ? v[key] : undefined), value);

/** The title of a property, or its key. */
export function titleOf(schema: Schema, value: unknown, path: readonly string[]): string {
  let here: Schema | undefined = schema;
  let there = value;
  for (const key of path) {
    here = here?.items ?? resolve(here ?? {}, isBlock(there) ? there : {}).properties?.[key];
    there = at(there, [key]);
  }
  return here?.title ?? path.at(-1) ?? '';
}

/** Everything wrong with the form's value, in the sentences of the hub's own reader, with the fields called by their titles. */
export function faultsIn(schema: Schema, value: Block): FormFault[] {
  return faultsInWords(schema, value).map(({ pointer, message, fix }): FormFault => {
    const path = segments(pointer);
    const title = titleOf(schema, value, path);
    if (at(value, path) === undefined && path.length > 0) return { path, message: `${title} is needed.` };
    const key = path.at(-1) ?? '';
    const told = key !== '' && message.startsWith(`${key} `) ? title + message.slice(key.length) : message;
    return { path, message: fix === undefined || fix.startsWith('Write it in quotes') ? told : `${told} ${fix}` };
  });
}

/** The hub's faults that lie below `base`, as faults of the form that edits it; `rest` are those that lie elsewhere. */
export function faultsBelow(base: readonly string[], faults: readonly PlanFault[]): { own: FormFault[]; rest: PlanFault[] } {
  const own: FormFault[] = [];
  const rest: PlanFault[] = [];
  for (const fault of faults) {
    if (base.every((key, i) => fault.path[i] === key)) own.push({ path: fault.path.slice(base.length), message: fault.message });
    else rest.push(fault);
  }
  return { own, rest };
}

/** Moves the keyboard to the first field of the form that is marked wrong; opens what hides it. */
export function focusFirstFault(form: HTMLElement | null): void {
  // The marks appear with the next drawing.
  requestAnimationFrame(() => {
    const field = form?.querySelector<HTMLElement>('[aria-invalid="true"]');
    field?.closest('details')?.setAttribute('open', '');
    field?.focus();
  });
}
