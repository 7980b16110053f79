/** What a broker is started with for a row; each row names only what differs from a bare one. */
export interface Setup {
  readonly transport: 'tcp' | 'tls' | 'ws';
  /** What acknowledged messages of kept sessions outlive; `none` keeps nothing on disk. */
  readonly durability: 'none' | 'os' | 'strict';
  /** This many rules of an access list, the last of which allows what the load does. */
  readonly aclRules: number;
  /** SQL rules in the hub, each matching one device of the load. */
  readonly sqlRules: number;
  /** A hub reads this many tags per second beside it. */
  readonly tagsPerSecond: number;
  /** Frozen subscribers beside the load. */
  readonly frozen: number;
}

export const bare: Setup = { transport: 'tcp', durability: 'none', aclRules: 0, sqlRules: 0, tagsPerSecond: 0, frozen: 0 };

export type BrokerName = 'omh' | 'mosquitto' | 'aedes';
/** One figure of a row; `ratio` when it is set beside ours. */
export interface Column {
  readonly key: string;
  readonly title: string;
  readonly digits: number;
  readonly better: 'more' | 'less';
  readonly ratio: boolean;
}
/** `ratio` is how many times better than the peer at least; `value` is the figure itself, at least or at most as the column wants. */
export type Aim =
  | { readonly column: string; readonly against: 'mosquitto' | 'aedes'; readonly ratio: number }
  | { readonly column: string; readonly value: number };

export interface Row {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  /** Arguments of the load generator. */
  readonly load: readonly string[];
  readonly setup: Partial<Setup>;
  /** Measurements at least, whatever was asked for. */
  readonly repeats?: number;
  readonly aims?: readonly Aim[];
  /** Why a peer does not take part. */
  readonly without?: Partial<Readonly<Record<BrokerName, string>>>;
}

const column = (key: string, title: string, digits: number, better: 'more' | 'less', ratio = true): Column => ({
  key,
  title,
  digits,
  better,
  ratio,
});
const cpu = column('cpuPerMillion', 'CPU s/M', 2, 'less');
const missing = column('missing', 'missing', 0, 'less', false);

/** Closed loop: as fast as the broker allows. */
export const flow: readonly Column[] = [
  column('messagesPerSecond', 'msg/s', 0, 'more'),
  cpu,
  column('p50', 'p50 µs', 0, 'less', false),
  missing,
];
/** Open loop: what is due is sent, whatever the broker does. */
const delays: readonly Column[] = [column('p50', 'p50 µs', 0, 'less'), column('p99', 'p99 µs', 0, 'less')];
export const paced: readonly Column[] = [...delays, cpu, missing];
/** The same where our broker's process has other work to do, so that its CPU says nothing. */
export const pacedBeside: readonly Column[] = [...delays, missing];
export const idle: readonly Column[] = [
  column('kbPerConnection', 'KB each', 2, 'less'),
  column('connectsPerSecond', 'connects/s', 0, 'more'),
  column('cpuPerThousand', 'CPU s/1000', 3, 'less'),
  column('closed', 'closed', 0, 'less', false),
];
export const retained: readonly Column[] = [
  column('storedPerSecond', 'stored/s', 0, 'more'),
  column('deliveryMs', '# ms', 0, 'less'),
  column('bytesPerRetained', 'bytes each', 0, 'less'),
  missing,
];
export const frozen: readonly Column[] = [
  column('messagesPerSecond', 'msg/s', 0, 'more'),
  column('undisturbedPercent', '% of undisturbed', 0, 'more', false),
  column('growthMb', 'RSS + MB', 1, 'less', false),
  missing,
];
