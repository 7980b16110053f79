import { FunctionCode } from './function-code.ts';

/** Object id to text (V1.1b3, section 6.21): 0 vendor, 1 product code, 2 revision, 3 URL, 4 product name, 5 model name. */
export type Identification = ReadonlyMap<number, string>;

const utf8 = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true });
const latin = new TextDecoder('latin1');
/** The standard asks for ASCII; devices send UTF-8, or the characters of western Europe. */
function textOf(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return latin.decode(bytes);
  }
}

/**
 * Answer to FC 2B/0E, or undefined where code 4 asks for an object that is not there. An answer that does not fit one PDU says
 * from which object to go on.
 */
export function encodeIdentification(objects: Identification, code: number, object: number): Uint8Array | undefined {
  const last = code === 1 ? 2 : code === 2 ? 0x7f : 0xff;
  const ids = [...objects.keys()].sort((a, b) => a - b).filter((id) => (code === 4 ? id === object : id <= last));
  if (code === 4 && ids.length === 0) return undefined;
  const from = code !== 4 && ids.includes(object) ? object : 0;
  const out = new Uint8Array(253);
  out.set([FunctionCode.encapsulatedInterface, 0x0e, code, 0x82]);
  let at = 7;
  let count = 0;
  for (const id of ids) {
    if (code !== 4 && id < from) continue;
    const text = utf8.encode(objects.get(id)).subarray(0, 244);
    if (at + 2 + text.length > out.length) {
      out[4] = 0xff;
      out[5] = id;
      break;
    }
    out[at] = id;
    out[at + 1] = text.length;
    out.set(text, at + 2);
    at += 2 + text.length;
    count++;
  }
  out[6] = count;
  return out.slice(0, at);
}

/** The objects in an answer to FC 2B/0E and where to go on; undefined when it is malformed. */
export function decodeIdentification(
  pdu: Uint8Array,
): { readonly objects: Map<number, string>; readonly next: number | undefined } | undefined {
  if (pdu.length < 7 || pdu[0] !== FunctionCode.encapsulatedInterface || pdu[1] !== 0x0e) return undefined;
  const objects = new Map<number, string>();
  let at = 7;
  for (let i = 0; i < pdu[6]!; i++) {
    const length = pdu[at + 1];
    if (length === undefined || at + 2 + length > pdu.length) return undefined;
    objects.set(pdu[at]!, textOf(pdu.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return { objects, next: pdu[4] === 0xff ? pdu[5] : undefined };
}
