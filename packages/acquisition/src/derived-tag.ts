import { compileExpression, functionLibrary, pureFunctions, type CompiledExpression } from '@omh/expr';
import { carriesValue, isBad, isGood, OmhError, Quality, tagKey, type Micros, type Reason, type Tag, type TagValue } from '@omh/core';
import { errors } from './errors.ts';
import { valueOfType } from './static-tag.ts';

const library = functionLibrary(pureFunctions);

/** What an expression may know of another tag now. */
export interface DerivedInput {
  readonly value: TagValue | undefined;
  readonly quality: number;
}
/** The tags that a group's expressions read: `name` as it is written. */
export type DerivedInputs = (name: string) => DerivedInput | undefined;

export interface DerivedResult {
  readonly quality: number;
  readonly value: TagValue | undefined;
  readonly reason: Reason | undefined;
}

/** The names an expression may use: its own group's tags as they are, others as `group/tag` and `device/group/tag`. */
interface Names extends Iterable<string> {
  has(name: string): boolean;
}

/** Why the text cannot be the expression of a derived tag; `column` counts from 1. Pure, for the check of a hub file. */
export function expressionFault(
  text: string,
  names: Names,
  nearest: (name: string, known: Iterable<string>) => string | undefined,
): { readonly column: number; readonly message: string } | undefined {
  const compiled = compileExpression(text, library);
  if (!compiled.ok) return { column: compiled.error.column, message: compiled.error.message };
  const unknown = compiled.value.names.find(({ name }) => !names.has(name));
  if (unknown === undefined) return undefined;
  const near = nearest(unknown.name, names);
  return {
    column: unknown.column,
    message: `There is no tag "${unknown.name}".${near === undefined ? '' : ` Did you mean "${near}"?`}`,
  };
}

/** A tag that is computed from others, once a cycle of its group; as good as the worst of them. */
export class DerivedTag {
  readonly tag: Tag;
  readonly #expression: CompiledExpression | undefined;
  readonly #fault: Reason | undefined;
  readonly #inputs = new Map<string, unknown>();

  constructor(tag: Tag) {
    this.tag = tag;
    const compiled = compileExpression(tag.source?.kind === 'derived' ? tag.source.expression : '', library);
    if (compiled.ok) this.#expression = compiled.value;
    else this.#fault = errors.ACQUISITION_EXPRESSION({ tag: tagKey(tag), detail: compiled.error.message }).reason();
  }

  /** What its expression reads, as it is written. */
  get inputs(): readonly string[] {
    return this.#expression?.names.map(({ name }) => name) ?? [];
  }

  evaluate(inputs: DerivedInputs, now: Micros): DerivedResult {
    if (this.#expression === undefined) return bad(Quality.badConfiguration, this.#fault!);
    const tag = tagKey(this.tag);
    let worst = Quality.good as number;
    let culprit: string | undefined;
    for (const { name } of this.#expression.names) {
      const input = inputs(name);
      const quality = input?.quality ?? Quality.badConfiguration;
      if (isBad(quality) || (!isGood(quality) && isGood(worst))) {
        worst = quality;
        culprit = name;
      }
      if (!carriesValue(quality) || input?.value === undefined)
        return bad(
          isGood(quality) ? Quality.badWaitingForInitialData : quality,
          errors.ACQUISITION_INPUT_BAD({ tag, input: name }).reason(),
        );
      this.#inputs.set(name, input.value);
    }
    try {
      const value = fitting(
        this.tag,
        this.#expression.evaluate((name) => this.#inputs.get(name), now),
      );
      if (value === undefined) return bad(Quality.badTypeMismatch, errors.ACQUISITION_RESULT_TYPE({ tag, type: this.tag.type }).reason());
      const reason = culprit === undefined ? undefined : errors.ACQUISITION_INPUT_UNCERTAIN({ tag, input: culprit }).reason();
      return { quality: worst, value, reason };
    } catch (thrown) {
      const detail = thrown instanceof OmhError ? thrown.text : String(thrown);
      return bad(Quality.bad, errors.ACQUISITION_EXPRESSION({ tag, detail }).reason());
    }
  }
}

const bad = (quality: number, reason: Reason): DerivedResult => ({ quality, value: undefined, reason });

/** The result as the tag's type has it; undefined where it cannot be one. */
function fitting(tag: Tag, result: unknown): TagValue | undefined {
  const { type, count } = tag;
  if (count !== undefined) return valueOfType(tag, result);
  switch (type) {
    case 'bool':
    case 'bit':
      return typeof result === 'boolean' ? result : result === 0 || result === 1 ? result === 1 : undefined;
    case 'string':
      return typeof result === 'string' ? result : typeof result === 'number' || typeof result === 'boolean' ? String(result) : undefined;
    case 'bytes':
      return result instanceof Uint8Array ? result : undefined;
    default:
      break;
  }
  const number = typeof result === 'boolean' ? Number(result) : result;
  if (typeof number !== 'number' && typeof number !== 'bigint') return undefined;
  if (typeof number === 'number' && !Number.isFinite(number)) return undefined;
  return valueOfType(tag, typeof number === 'bigint' || type === 'float' || type === 'double' ? number : Math.round(number));
}
