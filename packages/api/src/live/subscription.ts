/** Where a subscription's frames go. */
export interface Outlet {
  /** The socket holds more than its reader takes: send nothing that a newer frame replaces. */
  readonly congested: boolean;
  /** One complete JSON text. */
  send(text: string): void;
  /** Counts what a slow reader will never see. */
  drop(count: number): void;
}

/** One thing a socket follows. Called ten times a second; sends only when there is something to send. */
export interface Subscription {
  flush(tick: number): void;
  close(): void;
}

/** Ticks in a second. */
export const ticksPerSecond = 10;
