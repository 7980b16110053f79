/** Whose turn it is to act: the file's author, the caller, the device's keeper, the network, or the makers of omh. */
export type Blame = 'config' | 'caller' | 'device' | 'link' | 'us';

/** A reason that travels to screens, payloads and logs: a stable code, what to fill in, and the finished English sentence. */
export interface Reason {
  readonly code: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly text: string;
}

export interface ErrorRow {
  readonly blame: Blame;
  /** One plain sentence in the present tense; `{name}` marks a parameter. */
  readonly text: string;
  readonly causes?: readonly string[];
  /** What the person does next. */
  readonly next: string;
  /** HTTP status when this error answers a request; 500 for `us`, 502 for device and link, else 400 when absent. */
  readonly status?: number;
}

/** Braces around anything but a name, as in an example of JSON, are plain text. */
type Name<P extends string> = P extends `${string}${'"' | ' ' | ':' | '{' | ','}${string}` ? never : P;
type ParamNames<T extends string> = T extends `${string}{${infer P}}${infer Rest}` ? Name<P> | ParamNames<Rest> : never;
type ParamsOf<T extends string> = { readonly [K in ParamNames<T>]: string | number };
type Arguments<T extends string> = [ParamNames<T>] extends [never]
  ? [params?: Readonly<Record<string, never>>, options?: { cause?: unknown }]
  : [params: ParamsOf<T>, options?: { cause?: unknown }];

export class OmhError extends Error implements Reason {
  override readonly name = 'OmhError';
  readonly code: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly row: ErrorRow;

  constructor(code: string, row: ErrorRow, params: Readonly<Record<string, string | number>> = {}, options?: { cause?: unknown }) {
    super(fill(row.text, params), options);
    this.code = code;
    this.row = row;
    this.params = params;
  }
  get text(): string {
    return this.message;
  }
  get next(): string {
    return fill(this.row.next, this.params);
  }
  get status(): number {
    return this.row.status ?? (this.row.blame === 'us' ? 500 : this.row.blame === 'device' || this.row.blame === 'link' ? 502 : 400);
  }
  /** The plain part that may leave the process. */
  reason(): Reason {
    return { code: this.code, params: this.params, text: this.message };
  }
}

const fill = (text: string, params: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole));

export type ErrorCatalog<T extends Record<string, ErrorRow>> = {
  readonly [K in keyof T]: ((...args: Arguments<`${T[K]['text']} ${T[K]['next']}`>) => OmhError) & { readonly code: K; readonly row: T[K] };
} & { readonly [catalogRows]: T };

export const catalogRows: unique symbol = Symbol('omh.errors');

/**
 * Declares a package's errors once: `const errors = defineErrors({ MODBUS_SILENT: { blame: 'device', text: '{host} does not answer.', next: '…' } })`,
 * then `throw errors.MODBUS_SILENT({ host })`. Codes are UPPER_SNAKE, begin with the room's name and are unique over all packages.
 */
export function defineErrors<const T extends Record<string, ErrorRow>>(rows: T): ErrorCatalog<T> {
  const out: Record<string | symbol, unknown> = { [catalogRows]: rows };
  for (const [code, row] of Object.entries(rows)) {
    out[code] = Object.assign(
      (params?: Readonly<Record<string, string | number>>, options?: { cause?: unknown }) => new OmhError(code, row, params, options),
      { code, row },
    );
  }
  return out as ErrorCatalog<T>;
}

/** Whatever was thrown, as a reason with a sentence. */
export function reasonOf(thrown: unknown): Reason {
  if (thrown instanceof OmhError) return thrown.reason();
  return { code: 'UNEXPECTED', params: {}, text: thrown instanceof Error ? thrown.message : String(thrown) };
}
