import type { Token } from './lexer.ts';
import { FaultAt } from './position.ts';

/** Reads tokens one after another; keywords are compared without case. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#tokens[this.#at]!;
  }
  get following(): Token {
    return this.#tokens[this.#at + 1] ?? this.current;
  }
  /** End offset of the token read last. */
  get end(): number {
    return this.#at === 0 ? 0 : this.#tokens[this.#at - 1]!.end;
  }

  next(): Token {
    const token = this.current;
    if (token.kind !== 'end') this.#at++;
    return token;
  }
  isWord(word: string): boolean {
    return this.current.kind === 'word' && this.current.text.toLowerCase() === word;
  }
  isSymbol(symbol: string): boolean {
    return this.current.kind === 'symbol' && this.current.text === symbol;
  }
  takeWord(word: string): boolean {
    const yes = this.isWord(word);
    if (yes) this.next();
    return yes;
  }
  takeSymbol(symbol: string): boolean {
    const yes = this.isSymbol(symbol);
    if (yes) this.next();
    return yes;
  }
  needSymbol(symbol: string, sentence: string): void {
    if (!this.takeSymbol(symbol)) this.fail(`${sentence}, ${this.found()}.`);
  }

  /** `but the statement ends`, `but found FROM`: how a refusal names what stands there instead. */
  found(): string {
    const { kind, text } = this.current;
    if (kind === 'end') return 'but the statement ends here';
    return `but found ${kind === 'text' ? `'${text}'` : kind === 'quoted' ? `"${text}"` : text}`;
  }
  fail(message: string, at: number = this.current.start): never {
    throw new FaultAt(at, message);
  }
}
