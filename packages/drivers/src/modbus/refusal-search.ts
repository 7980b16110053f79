import { modbus } from '@omh/wire';
import type { Block } from './block.ts';
import type { Hole, LearntArea } from './holes.ts';
import { inquire, inquireArray, type Found } from './refusal-inquiry.ts';
import { concernsOnePoint } from './refusal.ts';
import type { RefusedPoint, Segment } from './plan.ts';
import type { ModbusLink } from './link.ts';

/** Requests that one cycle spends on finding out what is refused; the next cycle goes on where this one stopped. */
const maxSplits = 256;
/** Refusals with exception 4, without one answer of the area, after which it is the device that fails, not a register. */
const failuresAllowed = 15;

/** A refused block and the parts it was split into. */
export interface SearchNode {
  readonly block: Block;
  readonly segment: Segment;
  readonly code: number;
  readonly parts: readonly Block[];
  open: number;
  /** One of the parts is refused, or did not answer: why the whole was refused needs no other explanation. */
  explained: boolean;
}

/** What a search needs of the cycle it belongs to. */
export interface SearchHost {
  readonly link: ModbusLink;
  readonly timeoutMs: number;
  /** Sends a part; its outcome comes back to the search. */
  submit(block: Block, segment: Segment): void;
  refuse(block: Block, code: number): void;
  markRefused(entry: RefusedPoint): void;
  hold(): void;
  release(): void;
}

/** The search in one area. */
interface Tally {
  answers: number;
  failures: number;
  readonly found: Set<Hole>;
  /** Parts and questions that are under way. */
  open: number;
  /** Refused blocks that wait for the search that runs: what it finds may explain them, a limit for instance. */
  readonly waiting: { readonly block: Block; readonly segment: Segment; readonly code: number }[];
}

/**
 * Finds out, within one cycle, what a device refuses in a block: halves until the refused value stands alone, at most 2·log2(n) requests.
 * Where all parts are answered it was a gap, a border between two neighbours, or the size of the request; an inquiry tells them apart.
 */
export class RefusalSearch {
  readonly #host: SearchHost;
  readonly #tallies = new Map<LearntArea, Tally>();
  readonly #tasks = new Map<LearntArea, (() => Promise<void>)[]>();
  #splits = 0;

  constructor(host: SearchHost) {
    this.#host = host;
  }

  answered(block: Block, segment: Segment): void {
    const { learnt } = segment;
    learnt.answers();
    if (this.#tallies.size > 0) {
      const tally = this.#tallies.get(learnt);
      if (tally !== undefined) tally.answers++;
    }
    if (block.isDoubtful) learnt.answersWhole(block.start, block.end);
    this.#settled(block, false);
  }

  /** No answer, a lost link or a wrong answer: nothing is learnt from it. */
  failed(block: Block): void {
    this.#settled(block, true);
  }

  refused(block: Block, segment: Segment, code: number): void {
    if (!concernsOnePoint(code)) {
      this.#settled(block, true);
      this.#host.refuse(block, code);
      return;
    }
    const { learnt } = segment;
    const tally = this.#tallyOf(learnt);
    const isRoot = block.node === undefined;
    // Kept open until its own parts are under way.
    tally.open++;
    this.#settled(block, true);
    this.#judge(block, segment, code, tally, isRoot);
    this.#done(tally);
  }

  #judge(block: Block, segment: Segment, code: number, tally: Tally, isRoot: boolean): void {
    const { learnt } = segment;
    const isHopeless =
      (code === modbus.ExceptionCode.illegalFunction && learnt.refuseFunction(code)) ||
      (code === modbus.ExceptionCode.serverDeviceFailure && tally.answers === 0 && ++tally.failures > failuresAllowed);
    if (isHopeless) this.#host.refuse(block, code);
    else if (isRoot && tally.open > 1) {
      this.#host.hold();
      tally.waiting.push({ block, segment, code });
    } else this.#look(block, segment, code, tally);
  }
  #look(block: Block, segment: Segment, code: number, tally: Tally): void {
    if (this.#knownMeanwhile(block, segment)) return;
    if (segment.learnt.whole !== undefined || this.#splits >= maxSplits) this.#host.refuse(block, code);
    else this.#split(block, segment, code, tally);
  }

  /** A part or a question is done; the last one lets the next refused block have its turn. */
  #done(tally: Tally): void {
    if (--tally.open > 0) return;
    while (tally.open === 0) {
      const next = tally.waiting.shift();
      if (next === undefined) return;
      this.#look(next.block, next.segment, next.code, tally);
      this.#host.release();
    }
  }

  /** Another plan, or another part of this search, learnt what explains the refusal. */
  #knownMeanwhile(block: Block, segment: Segment): boolean {
    if (block.version === segment.learnt.version || segment.learnt.isPlain) return false;
    const { blocks, refused } = segment.layOut(block.points);
    if (refused.length === 0 && blocks.length === 1 && blocks[0]!.count === block.count) return false;
    this.#splits++;
    for (const entry of refused) this.#host.markRefused(entry);
    for (const part of blocks) this.#host.submit(part, segment);
    return true;
  }

  #split(block: Block, segment: Segment, code: number, tally: Tally): void {
    const parts = block.split();
    if (parts !== undefined) {
      this.#splits++;
      const node: SearchNode = { block, segment, code, parts, open: parts.length, explained: false };
      for (const part of parts) {
        tally.open++;
        part.node = node;
        this.#host.submit(part, segment);
      }
    } else if (block.points.length === 1 && block.points[0]!.elements > 1) {
      this.#splits++;
      this.#later(segment.learnt, () => this.#searchArray(block, segment, code, tally));
    } else this.#hole(block, segment, code, tally);
  }

  #hole(block: Block, segment: Segment, code: number, tally: Tally): void {
    const hole = segment.learnt.refuse(block.start, block.end, code);
    if (hole !== undefined) tally.found.add(hole);
    this.#host.refuse(block, code);
  }

  /** An array is one value: it is refused, or larger than what the device gives at once. */
  async #searchArray(block: Block, segment: Segment, code: number, tally: Tally): Promise<void> {
    if (this.#knownMeanwhile(block, segment)) return;
    const found = await inquireArray(block, this.#host);
    if (found === 'refused') this.#hole(block, segment, code, tally);
    else if (found === undefined) this.#host.refuse(block, code);
    else {
      segment.learnt.limitTo(found.limit);
      if (!this.#knownMeanwhile(block, segment)) this.#host.refuse(block, code);
    }
  }

  #settled(block: Block, explains: boolean): void {
    const { node } = block;
    if (node === undefined) return;
    block.node = undefined;
    if (explains) node.explained = true;
    const tally = this.#tallyOf(node.segment.learnt);
    if (--node.open > 0 || node.explained) {
      this.#done(tally);
      return;
    }
    this.#later(node.segment.learnt, async () => {
      if (node.segment.layOut(node.block.points).blocks.length > 1) return;
      const found = await inquire(node.block, node.parts, node.code, this.#host);
      if (found !== undefined) take(node.segment.learnt, found, node.code);
    });
    this.#done(tally);
  }

  /** One after the other in an area: what the first one finds mostly explains the rest. */
  #later(learnt: LearntArea, task: () => Promise<void>): void {
    const waiting = this.#tasks.get(learnt);
    if (waiting !== undefined) {
      waiting.push(task);
      return;
    }
    const tasks = [task];
    this.#tasks.set(learnt, tasks);
    const tally = this.#tallyOf(learnt);
    tally.open++;
    this.#host.hold();
    void this.#work(learnt, tasks, tally);
  }
  async #work(learnt: LearntArea, tasks: (() => Promise<void>)[], tally: Tally): Promise<void> {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await task();
    this.#tasks.delete(learnt);
    this.#done(tally);
    this.#host.link.pump();
    this.#host.release();
  }

  /** The end of the cycle. */
  close(): void {
    for (const [learnt, { answers, found }] of this.#tallies) if (answers === 0) learnt.hasten(found);
  }

  #tallyOf(learnt: LearntArea): Tally {
    let tally = this.#tallies.get(learnt);
    if (tally === undefined) this.#tallies.set(learnt, (tally = { answers: 0, failures: 0, found: new Set(), open: 0, waiting: [] }));
    return tally;
  }
}

function take(learnt: LearntArea, found: Found, code: number): void {
  if ('limit' in found) learnt.limitTo(found.limit);
  else learnt.fence(found.start, found.end, code);
}
