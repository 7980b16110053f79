import type { Message, QoS } from './message.ts';
import type { Micros } from './time.ts';

/** The client that an event is about. */
export interface EventClient {
  readonly clientId: string;
  readonly username: string | undefined;
  /** `ip:port` of its socket. */
  readonly peer: string;
}
interface About<T extends string> extends EventClient {
  readonly type: T;
  /** µs UTC. */
  readonly time: Micros;
}
interface Connecting<T extends string> extends About<T> {
  readonly protocol: '3.1.1' | '5.0';
  readonly listener: string;
  /** Seconds, 0 = none. */
  readonly keepAlive: number;
  readonly cleanStart: boolean;
  /** Seconds the session outlives the connection. */
  readonly sessionExpiry: number;
  readonly userProperties: readonly (readonly [string, string])[];
}

/** A connection is accepted. */
export type ClientConnected = Connecting<'client.connected'>;
/** A CONNECT is answered; `code` is the 5.0 reason code, 0 = accepted. */
export interface ClientConnack extends Connecting<'client.connack'> {
  readonly code: number;
}
/** The end of a connection that was accepted. */
export interface ClientDisconnected extends About<'client.disconnected'> {
  readonly protocol: '3.1.1' | '5.0';
  /** `normal`, `tcp_closed`, `keepalive_timeout`, `kicked`, `takenover`, `discarded`, `not_authorized`, … */
  readonly reason: string;
  readonly connectedAt: Micros;
}
export interface SessionSubscribed extends About<'session.subscribed'> {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  /** Subscription identifier, 0 = none. */
  readonly id: number;
}
export interface SessionUnsubscribed extends About<'session.unsubscribed'> {
  readonly filter: string;
}
/**
 * created and resumed: at CONNECT. takenover: another connection goes on with it. discarded: a clean start ends it. terminated: it ends
 * with its connection, by expiry or by an order.
 */
export type SessionLife = About<'session.created' | 'session.resumed' | 'session.takenover' | 'session.discarded' | 'session.terminated'>;

/** The message is valid during the call; `keep()` outlives it. */
interface WithMessage {
  readonly message: Message;
  readonly fromUsername: string | undefined;
}
/** A message goes to nobody: `no_subscribers`, `refused`. The client is its publisher. */
export interface MessageDropped extends About<'message.dropped'>, WithMessage {
  readonly reason: string;
}
/** One client misses a message: `queue_full`, `expired`, `too_large`, `qos0_msg`. The client is who misses it. */
export interface DeliveryDropped extends About<'delivery.dropped'>, WithMessage {
  readonly reason: string;
}
/** A message was written to a client. */
export type MessageDelivered = About<'message.delivered'> & WithMessage;
/** A client acknowledged a message: PUBACK or PUBCOMP. */
export type MessageAcked = About<'message.acked'> & WithMessage;

export type BusEvent =
  | ClientConnected
  | ClientConnack
  | ClientDisconnected
  | SessionSubscribed
  | SessionUnsubscribed
  | SessionLife
  | MessageDropped
  | DeliveryDropped
  | MessageDelivered
  | MessageAcked;
export type BusEventType = BusEvent['type'];
/** The event, or the events, of a type. */
export type BusEventOf<T extends BusEventType> =
  | Extract<BusEvent, { readonly type: T }>
  | (T extends SessionLife['type'] ? SessionLife : never);

/** Types that nobody asks for cost nothing. What a listener throws is counted and stays with it. */
export interface BusEvents {
  subscribe<T extends BusEventType>(types: readonly T[], listener: (event: BusEventOf<T>) => void): { close(): void };
}
