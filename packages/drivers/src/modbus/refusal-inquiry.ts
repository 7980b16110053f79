import { modbus } from '@omh/wire';
import type { Block } from './block.ts';
import type { Exchange, ModbusLink } from './link.ts';

/** Why a request is refused whose parts are answered. */
export type Found =
  /** The device gives no more points than this at once. */
  | { readonly limit: number }
  /** It is not read over: a gap or, with start = end, a border. */
  | { readonly start: number; readonly end: number };

export interface InquiryHost {
  readonly link: ModbusLink;
  readonly timeoutMs: number;
}

/** One read that fills no tag: true when it is answered, false when it is refused, undefined when nobody says. */
function ask(host: InquiryHost, block: Block, start: number, end: number): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const exchange: Exchange = {
      unit: block.unit,
      frame: modbus.frameOf(0, block.unit, modbus.encodeRead(block.function, start, end - start)),
      timeoutMs: host.timeoutMs,
      transaction: 0,
      sentAt: 0,
      deadline: 0,
      withdrawn: () => false,
      settle(outcome, bytes, from, to) {
        const code = outcome === 'answer' ? modbus.exceptionIn(bytes, from) : -1;
        if (code === 0) resolve(modbus.readResponseFault(bytes, from, to, block.function, end - start) === undefined ? true : undefined);
        else resolve(code >= 1 && code <= 4 ? false : undefined);
      },
    };
    host.link.submit(exchange);
    host.link.pump();
  });
}

/**
 * All `parts` of the refused `block` are answered. Two values that are neighbours are then asked together: refused, it is what lies
 * between them; answered, it is the size of the request, and the largest one that is answered is looked for.
 */
export async function inquire(block: Block, parts: readonly Block[], code: number, host: InquiryHost): Promise<Found | undefined> {
  const most = Math.max(...parts.map((part) => part.count));
  const between = (i: number): Found => {
    const start = parts[i]!.end;
    const end = parts[i + 1]!.start;
    if (start > end) return { limit: most };
    return start === end && code === modbus.ExceptionCode.illegalDataValue ? { limit: most } : { start, end };
  };
  const atoms = parts.map((part) => part.atoms());
  if (atoms.every((a) => a.length === 1)) {
    if (parts.length === 2) return between(0);
    const gaps = [0, 1].filter((i) => parts[i + 1]!.start > parts[i]!.end);
    if (gaps.length === 1) return between(gaps[0]!);
    const first = await ask(host, block, parts[0]!.start, parts[1]!.end);
    if (first === false) return between(0);
    if (first === undefined || gaps.length === 2) return first === undefined ? undefined : between(1);
    const second = await ask(host, block, parts[1]!.start, parts[2]!.end);
    if (second === undefined) return undefined;
    return second ? { limit: Math.max(parts[1]!.end - parts[0]!.start, parts[2]!.end - parts[1]!.start) } : between(1);
  }
  const left = atoms[0]!.at(-1)!;
  const right = atoms[1]![0]!;
  const start = Math.min(...left.map((p) => p.start));
  const end = Math.max(...right.map((p) => p.start + p.count));
  const joint = await ask(host, block, start, end);
  if (joint === undefined) return undefined;
  if (!joint) return between(0);
  const ends = atoms.flat().map((atom) => Math.max(...atom.map((p) => p.start + p.count)));
  return {
    limit: await largest(
      host,
      block,
      most,
      block.count,
      ends.map((at) => at - block.start),
    ),
  };
}

/** The largest of `counts` between `good` and `bad` that is answered; requests end where a value ends. */
async function largest(host: InquiryHost, block: Block, good: number, bad: number, counts: readonly number[]): Promise<number> {
  const candidates = [...new Set(counts)].filter((n) => n > good && n < bad).sort((a, b) => a - b);
  let found = good;
  let low = 0;
  let high = candidates.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const answer = await ask(host, block, block.start, block.start + candidates[middle]!);
    if (answer === undefined) break;
    if (answer) {
      found = candidates[middle]!;
      low = middle + 1;
    } else high = middle;
  }
  return found;
}

/** An array is refused: by a hole in it, or because of its size. */
export async function inquireArray(block: Block, host: InquiryHost): Promise<'refused' | { readonly limit: number } | undefined> {
  const [point] = block.points;
  const span = (from: number, n: number): { readonly start: number; readonly end: number } => {
    const { offset, count } = modbus.arraySpan(point!.type, point!.address, from, n);
    return { start: point!.address.start + offset, end: point!.address.start + offset + count };
  };
  for (let n = point!.elements; n > 1; n >>= 1) {
    const half = n >> 1;
    const left = span(point!.from, half);
    const right = span(point!.from + half, n - half);
    const isLeft = await ask(host, block, left.start, left.end);
    const isRight = isLeft === undefined ? undefined : await ask(host, block, right.start, right.end);
    if (isLeft === undefined || isRight === undefined) return undefined;
    if (isLeft !== isRight) return 'refused';
    if (!isLeft) continue;
    const whole = span(point!.from, n);
    const good = Math.max(left.end - left.start, right.end - right.start);
    if (good >= whole.end - whole.start) return 'refused';
    const counts = Array.from({ length: n }, (_, i) => span(point!.from, i + 1)).map((s) => s.end - s.start);
    return { limit: await largest(host, block, good, whole.end - whole.start, counts) };
  }
  return 'refused';
}
