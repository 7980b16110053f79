/** The one WebSocket of this tab: many subscriptions, reconnect with back-off, resubscribe after every reconnect. */

export type Phase = 'connecting' | 'open' | 'lost' | 'ended';
export interface LinkState {
  readonly phase: Phase;
  /** Since when the phase holds, browser ms. */
  readonly since: number;
  /** Browser ms of the last frame; 0 before the first. */
  readonly lastHeard: number;
  /** Browser ms of the next try while lost. */
  readonly nextTry: number | undefined;
}

export interface LiveRequest {
  kind: 'tags' | 'topic' | 'flow' | 'status' | 'simulator';
  [option: string]: unknown;
}
export type LiveMessage = { id: number; error?: { code: string; text: string } } & Record<string, unknown>;
type Handler = (message: LiveMessage) => void;
interface Subscription {
  id: number;
  request: LiveRequest;
  handlers: Set<Handler>;
  ending: ReturnType<typeof setTimeout> | undefined;
  last: LiveMessage | undefined;
}

const silenceMs = 15_000;
const firstRetryMs = 500;
const lastRetryMs = 10_000;

export class LiveConnection {
  readonly #url: string;
  readonly #ended: () => void;
  readonly #doubt: () => void;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #byId = new Map<number, Subscription>();
  readonly #listeners = new Set<() => void>();
  #socket: WebSocket | undefined;
  #state: LinkState = { phase: 'connecting', since: Date.now(), lastHeard: 0, nextTry: undefined };
  #nextId = 1;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;

  /**
   * `ended` is called when the hub says that the session is over. `doubt` is called when a connection never opens: a browser does not
   * tell a hub that is away from one that refuses the session, so somebody has to ask.
   */
  constructor(url: string, ended: () => void, doubt: () => void) {
    this.#url = url;
    this.#ended = ended;
    this.#doubt = doubt;
  }

  readonly state = (): LinkState => this.#state;
  readonly onState = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  start(): void {
    if (this.#watch !== undefined) return;
    addEventListener('online', this.tryNow);
    document.addEventListener('visibilitychange', this.#visible);
    this.#watch = setInterval(() => this.#check(), 5_000);
    this.#connect();
  }

  stop(): void {
    removeEventListener('online', this.tryNow);
    document.removeEventListener('visibilitychange', this.#visible);
    clearInterval(this.#watch);
    clearTimeout(this.#retry);
    this.#watch = undefined;
    this.#retry = undefined;
    this.#drop();
    this.#set({ phase: 'ended', nextTry: undefined });
  }

  /** Ends the wait for the next try. */
  readonly tryNow = (): void => {
    if (this.#state.phase !== 'lost') return;
    clearTimeout(this.#retry);
    this.#connect();
  };

  /** Same requests share one subscription; a late reader of `flow` and `status` gets the last message at once. */
  subscribe(request: LiveRequest, handler: Handler): () => void {
    const key = JSON.stringify(request);
    let subscription = this.#subscriptions.get(key);
    if (subscription === undefined) {
      subscription = { id: this.#nextId++, request, handlers: new Set(), ending: undefined, last: undefined };
      this.#subscriptions.set(key, subscription);
      this.#byId.set(subscription.id, subscription);
      this.#send({ op: 'sub', id: subscription.id, ...request });
    } else if (subscription.last !== undefined) handler(subscription.last);
    clearTimeout(subscription.ending);
    const held = subscription;
    held.handlers.add(handler);
    return () => {
      held.handlers.delete(handler);
      if (held.handlers.size > 0) return;
      // A screen that is left and entered again within a second keeps its stream.
      held.ending = setTimeout(() => {
        if (held.handlers.size > 0) return;
        this.#subscriptions.delete(key);
        this.#byId.delete(held.id);
        this.#send({ op: 'unsub', id: held.id });
      }, 1_000);
    };
  }

  readonly #visible = (): void => {
    if (document.visibilityState === 'visible') this.tryNow();
  };

  #check(): void {
    if (this.#state.phase !== 'open') return;
    if (Date.now() - this.#state.lastHeard > silenceMs) this.#lost();
    else this.#send({ op: 'ping' });
  }

  #connect(): void {
    this.#drop();
    if (this.#state.phase !== 'lost') this.#set({ phase: 'connecting', nextTry: undefined });
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    const giveUp = setTimeout(() => {
      if (this.#socket === socket && socket.readyState === WebSocket.CONNECTING) this.#lost();
    }, 8_000);
    let opened = false;
    socket.onopen = () => {
      opened = true;
      clearTimeout(giveUp);
      this.#attempt = 0;
      this.#set({ phase: 'open', nextTry: undefined, lastHeard: Date.now() });
      for (const s of this.#subscriptions.values()) this.#send({ op: 'sub', id: s.id, ...s.request });
    };
    socket.onmessage = (event) => {
      if (this.#socket === socket) this.#heard(String(event.data));
    };
    socket.onclose = (event) => {
      clearTimeout(giveUp);
      if (this.#socket !== socket) return;
      if (event.code === 4401) {
        this.stop();
        this.#ended();
      } else {
        this.#lost();
        if (!opened) this.#doubt();
      }
    };
  }

  #heard(text: string): void {
    // Replaced in place without telling anybody: the status line reads it once a second.
    this.#state = { ...this.#state, lastHeard: Date.now() };
    let message: LiveMessage;
    try {
      message = JSON.parse(text) as LiveMessage;
    } catch {
      return;
    }
    const subscription = this.#byId.get(message.id);
    if (subscription === undefined) return;
    const kind = subscription.request.kind;
    if (kind === 'flow' || kind === 'status') subscription.last = message;
    for (const handler of subscription.handlers) handler(message);
  }

  #lost(): void {
    this.#drop();
    const wait = Math.min(lastRetryMs, firstRetryMs * 2 ** this.#attempt) * (0.8 + Math.random() * 0.4);
    this.#attempt = Math.min(this.#attempt + 1, 10);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), wait);
    this.#set({ phase: 'lost', nextTry: Date.now() + wait });
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #send(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #set(next: Partial<LinkState>): void {
    const since = next.phase !== undefined && next.phase !== this.#state.phase ? Date.now() : this.#state.since;
    this.#state = { ...this.#state, ...next, since };
    for (const listener of this.#listeners) listener();
  }
}
