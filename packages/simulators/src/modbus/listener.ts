import type { Session, Wire } from './session.ts';

/** Where clients come in. */
export interface Listener {
  /** Rejects with the error of the system. */
  open(): Promise<void>;
  /** Ends all sessions. */
  close(): Promise<void>;
  /** Refuses new clients, or takes them again; those that are there stay. */
  refuse(on: boolean): Promise<void>;
  address(): string | undefined;
  readonly sessions: ReadonlySet<Session>;
}

export interface ListenerContext {
  readonly session: (wire: Wire) => Session;
  /** Something that happened to the listener itself, for the log. */
  readonly warn: (text: string, fields: Readonly<Record<string, string | number>>) => void;
}
