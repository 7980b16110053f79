import { Machine, StepLimit } from './machine.ts';
import { PatternFault } from './pattern.ts';

/** A regular expression for a text that a stranger chose: its time grows with pattern × text, whatever they are. */
export class TextPattern {
  readonly #machine: Machine;

  private constructor(machine: Machine) {
    this.#machine = machine;
  }
  /** A sentence when the pattern has a fault; look-around and back-references are none of its parts. */
  static compile(source: string): TextPattern | string {
    try {
      return new TextPattern(new Machine(source));
    } catch (thrown) {
      if (thrown instanceof PatternFault) return thrown.message;
      throw thrown;
    }
  }
  /** The whole match, then each group, empty where it took no part; undefined when nothing matches or it takes too many steps. */
  match(text: string): readonly string[] | undefined {
    const points = Array.from(text, (c) => c.codePointAt(0)!);
    this.#machine.begin();
    try {
      const slots = this.#machine.find(points);
      if (slots === undefined) return undefined;
      const out: string[] = [];
      for (let i = 0; i < slots.length; i += 2) {
        let group = '';
        for (let at = slots[i]!; at >= 0 && at < slots[i + 1]!; at++) group += String.fromCodePoint(points[at]!);
        out.push(group);
      }
      return out;
    } catch (thrown) {
      if (thrown instanceof StepLimit) return undefined;
      throw thrown;
    }
  }
}
