import { neuron } from '@omh/wire';
import { errors } from '../errors.ts';

/** The caller's own mark of a request, echoed as it came. */
export type Uuid = string | number;
export interface ReadBody {
  readonly uuid: Uuid;
  readonly node: string;
  readonly group: string;
  /** Only these; undefined: all. */
  readonly tags: readonly string[] | undefined;
}
export interface WriteBody {
  readonly uuid: Uuid;
  readonly node: string;
  readonly group: string;
  readonly tags: readonly { readonly tag: string; readonly value: unknown }[];
  readonly reason: string | undefined;
}

export const maxRequestBytes = 256 * 1024;
const maxTags = 1000;
const maxText = 512;

type Block = Readonly<Record<string, unknown>>;
const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = new TextDecoder('utf-8', { fatal: true });

/** The uuid of a body that is wrong elsewhere, so that its sender still learns whose fault it is. */
export const uuidIn = (body: unknown): Uuid => (isBlock(body) && isUuid(body.uuid) ? body.uuid : '');
const isUuid = (value: unknown): value is Uuid => (typeof value === 'string' && value.length <= maxText) || Number.isSafeInteger(value);

/** The JSON of a payload; throws APP_REQUEST_BODY. */
export function parsedBody(payload: Uint8Array): unknown {
  if (payload.length > maxRequestBytes) throw wrong(`it has ${payload.length} bytes, ${maxRequestBytes} are possible`);
  try {
    return JSON.parse(text.decode(payload)) as unknown;
  } catch {
    throw wrong('it is no JSON');
  }
}

/** Throws APP_REQUEST_BODY. */
export function readBody(body: unknown): ReadBody {
  const { block, ...head } = headOf(body);
  const { tags } = block;
  if (tags === undefined) return { ...head, tags: undefined };
  if (!Array.isArray(tags) || tags.length > maxTags || !tags.every((tag) => typeof tag === 'string'))
    throw wrong(`"tags" is no list of at most ${maxTags} names`);
  return { ...head, tags };
}

/** Throws APP_REQUEST_BODY. */
export function writeBody(body: unknown): WriteBody {
  const { block, ...head } = headOf(body);
  const reason = typeof block.reason === 'string' ? block.reason.slice(0, maxText) : undefined;
  const items = block.tags === undefined ? [block] : block.tags;
  if (!Array.isArray(items) || items.length === 0 || items.length > maxTags) throw wrong(`"tags" is no list of 1 to ${maxTags} entries`);
  const tags = items.map((item: unknown) => {
    if (!isBlock(item) || typeof item.tag !== 'string') throw wrong('"tag" is missing or no text');
    if (!Object.hasOwn(item, 'value')) throw wrong('"value" is missing');
    return { tag: item.tag, value: item.value };
  });
  return { ...head, tags, reason };
}

function headOf(body: unknown): { uuid: Uuid; node: string; group: string; block: Block } {
  if (!isBlock(body)) throw wrong('it is no JSON object');
  const { uuid, node, group } = body;
  if (uuid !== undefined && !isUuid(uuid)) throw wrong(`"uuid" is no text of at most ${maxText} characters`);
  if (typeof node !== 'string' || node === '') throw wrong('"node" is missing or no text');
  if (typeof group !== 'string' || group === '') throw wrong('"group" is missing or no text');
  return { uuid: uuid ?? '', node, group, block: body };
}

/** Neuron's protobuf form of the same. Throws APP_REQUEST_BODY. */
export function readBodyOfProtobuf(payload: Uint8Array): ReadBody {
  const found = payload.length > maxRequestBytes ? undefined : neuron.decodeReadRequest(payload);
  if (found === undefined || found.tags.length > maxTags) throw wrong('it is no ReadRequest');
  return { ...headOf(found), tags: found.tags.length === 0 ? undefined : found.tags };
}

/** Throws APP_REQUEST_BODY. */
export function writeBodyOfProtobuf(payload: Uint8Array): WriteBody {
  const found = payload.length > maxRequestBytes ? undefined : neuron.decodeWriteRequest(payload);
  if (found === undefined || found.tags.length === 0 || found.tags.length > maxTags) throw wrong('it is no WriteRequest');
  const tags = found.tags.map(({ name, value }) => {
    if (value === undefined) throw wrong(`tag ${name} has no value`);
    return { tag: name, value: typeof value === 'bigint' ? value.toString() : value };
  });
  const { uuid, node, group } = headOf(found);
  return { uuid, node, group, tags, reason: undefined };
}

const wrong = (detail: string): ReturnType<typeof errors.APP_REQUEST_BODY> => errors.APP_REQUEST_BODY({ detail });
