/** What a simulated device and its network do to requests; times in ms. */
export interface DeviceTraits {
  /** Requests it works on at the same time. */
  readonly workers: number;
  /** Its time for one request. */
  work(): number;
  /** Network both ways, on top. */
  readonly networkMs?: number;
  /** Requests it holds at once; what comes beyond them is lost. */
  readonly room?: number;
  /** How long this computer sees nothing, before it takes the next answer. */
  pause?(): number;
}

/** The part of a window that {@link runWindow} drives. */
interface Window {
  readonly size: number;
  answered(sentAtMs: number, isFull: boolean, nowMs: number): void;
  trouble(sentAtMs: number, nowMs: number): void;
}

export interface WindowRun {
  readonly answered: number;
  readonly lost: number;
  /** Time spent with each size. */
  readonly msAt: ReadonlyMap<number, number>;
  /** Changes of the size. */
  readonly changes: number;
}

const timeoutMs = 1000;

/** Asks without a stop, as a saturated line does, in time of its own; begins at `fromMs` and lasts `ms`. */
export function runWindow(window: Window, traits: DeviceTraits, fromMs: number, ms: number): WindowRun {
  const { workers, work, networkMs = 0, room = Number.POSITIVE_INFINITY, pause } = traits;
  const freeAt = new Array<number>(workers).fill(fromMs);
  const flights: { sentAt: number; isFull: boolean; doneAt: number; isLost: boolean }[] = [];
  const msAt = new Map<number, number>();
  let now = fromMs;
  let [answered, lost, changes, size] = [0, 0, 0, window.size];
  while (now < fromMs + ms) {
    const sent: typeof flights = [];
    while (flights.length < window.size) {
      const isLost = flights.filter((f) => !f.isLost).length >= room;
      const worker = freeAt.indexOf(Math.min(...freeAt));
      const doneAt = Math.max(now + networkMs / 2, freeAt[worker]!) + work();
      if (!isLost) freeAt[worker] = doneAt;
      const flight = { sentAt: now, isFull: false, doneAt: isLost ? now + timeoutMs : doneAt + networkMs / 2, isLost };
      flights.push(flight);
      sent.push(flight);
    }
    for (const flight of sent) flight.isFull = flights.length === window.size;
    flights.sort((a, b) => a.doneAt - b.doneAt);
    const next = flights.shift()!;
    const before = now;
    now = Math.max(now, next.doneAt) + (pause?.() ?? 0);
    if (next.isLost) {
      lost++;
      if (flights.length > 0) window.trouble(next.sentAt, now);
    } else {
      answered++;
      window.answered(next.sentAt, next.isFull, now);
    }
    msAt.set(size, (msAt.get(size) ?? 0) + now - before);
    if (window.size !== size) changes++;
    size = window.size;
  }
  return { answered, lost, msAt, changes };
}
