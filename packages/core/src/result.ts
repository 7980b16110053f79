/** Either a value or the list of everything that is wrong. Used where failing is ordinary: parsing, validation. */
export type Result<T, E = Issue[]> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

/** One thing that is wrong with an input, in the place where the person can change it. */
export interface Issue {
  /** JSON-pointer-like path inside the input, e.g. `devices/demo/groups/g/tags/t/address`; empty for the whole. */
  readonly path: string;
  /** Stable machine code, e.g. `CONFIG_UNKNOWN_KEY`. */
  readonly code: string;
  /** One plain sentence. */
  readonly message: string;
  /** The next step, e.g. `Did you mean "interval"?`. */
  readonly fix?: string;
}

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });
export const fail = <E>(error: E): { readonly ok: false; readonly error: E } => ({ ok: false, error });
