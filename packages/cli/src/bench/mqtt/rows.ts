import { flow, frozen, idle, paced, pacedBeside, retained } from './row.ts';
import type { Aim, Row } from './row.ts';

const fanIn = ['--scenario', 'fanin', '--pubs', '50', '--window', '100'];
const devices = ['--scenario', 'fanin', '--pubs', '1000', '--window', '1', '--topics', '1'];
const pairs = (qos: number, window: number): string[] => [
  '--scenario',
  'pairs',
  '--pubs',
  '50',
  '--qos',
  `${qos}`,
  '--window',
  `${window}`,
];
/** Ten seconds to warm up: a broker that runs for months is measured, not the compiling of its first thousands of messages. */
const pace = (rate: number, qos: number): string[] => [
  ...['--scenario', 'pairs', '--pubs', '50', '--qos', `${qos}`, '--rate', `${rate}`],
  ...['--warm-up', '10'],
];
const kept = [...pairs(1, 20), '--clean', '0'];

/** CPU against aedes and mosquitto, and messages per second, each at least. */
const aims = (aedes: number, mosquitto: number, perSecond: number): Aim[] => [
  { column: 'cpuPerMillion', against: 'aedes', ratio: aedes },
  { column: 'cpuPerMillion', against: 'mosquitto', ratio: mosquitto },
  { column: 'messagesPerSecond', value: perSecond },
];
/** p50 at most 1.2 times and p99 at most once mosquitto's. */
const calm: readonly Aim[] = [
  { column: 'p50', against: 'mosquitto', ratio: 1 / 1.2 },
  { column: 'p99', against: 'mosquitto', ratio: 1 },
];
const busy: readonly Aim[] = [
  ...calm,
  { column: 'p50', value: 60 },
  { column: 'p99', value: 1000 },
  { column: 'cpuPerMillion', against: 'aedes', ratio: 1 },
  { column: 'cpuPerMillion', against: 'mosquitto', ratio: 1 / 1.5 },
];
const noDisk = { aedes: 'it keeps nothing on disk' };
const noFive = { aedes: 'it has no MQTT 5.0' };
const noList = { aedes: 'it has no access list of its own' };

const latency: readonly Row[] = [
  ...[1000, 20_000].flatMap((rate) =>
    [0, 1].flatMap((qos): Row[] => [
      {
        name: `latency-${rate / 1000}k-qos${qos}`,
        title: `latency, 50 pairs, ${rate.toLocaleString('en')} msg/s, QoS ${qos}`,
        columns: paced,
        load: pace(rate, qos),
        setup: {},
        repeats: 5,
        aims: rate === 1000 ? calm : busy,
      },
    ]),
  ),
  ...[1000, 20_000].flatMap((rate) =>
    [0, 1].map(
      (qos): Row => ({
        name: `hub-latency-${rate / 1000}k-qos${qos}`,
        title: `the same at ${rate.toLocaleString('en')} msg/s, QoS ${qos}, while a hub reads 100,000 tags/s on the broker's core`,
        columns: pacedBeside,
        load: pace(rate, qos),
        setup: { tagsPerSecond: 100_000 },
        repeats: 5,
        aims: calm,
      }),
    ),
  ),
];

/** The single-message rows stand first: devices look like that. */
export const rows: readonly Row[] = [
  {
    name: 'devices',
    title: '1,000 devices to 1, one message each time, QoS 0',
    columns: flow,
    load: devices,
    setup: {},
    aims: aims(2.5, 1.3, 80_000),
  },
  {
    name: 'ping-pong',
    title: '50 pairs, QoS 1, window 1',
    columns: flow,
    load: pairs(1, 1),
    setup: {},
    aims: aims(2, 0.9, 45_000),
  },
  ...latency,
  {
    name: 'fan-in',
    title: 'fan-in 50 to 1, QoS 0, 64 B, window 100',
    columns: flow,
    load: fanIn,
    setup: {},
    aims: aims(30, 20, 2_000_000),
  },
  { name: 'fan-in-256', title: 'fan-in 50 to 1, QoS 0, 256 B, window 100', columns: flow, load: [...fanIn, '--payload', '256'], setup: {} },
  { name: 'pairs-qos0', title: '50 pairs, QoS 0, window 20', columns: flow, load: pairs(0, 20), setup: {}, aims: aims(12, 7, 700_000) },
  { name: 'pairs-qos1', title: '50 pairs, QoS 1, window 20', columns: flow, load: pairs(1, 20), setup: {}, aims: aims(10, 7, 400_000) },
  { name: 'pairs-qos2', title: '50 pairs, QoS 2, window 20', columns: flow, load: pairs(2, 20), setup: {} },
  { name: 'ping-pong-qos2', title: '50 pairs, QoS 2, window 1', columns: flow, load: pairs(2, 1), setup: {} },
  {
    name: 'fan-out',
    title: 'fan-out 1 to 500, QoS 0',
    columns: flow,
    load: ['--scenario', 'fanout', '--subs', '500', '--window', '20'],
    setup: {},
    aims: aims(6, 4, 600_000),
  },
  { name: 'session-memory', title: '50 kept sessions, QoS 1, window 20, in memory', columns: flow, load: kept, setup: {} },
  {
    name: 'session-os',
    title: '50 kept sessions, QoS 1, window 20, written each turn (mosquitto: saved every 30 minutes)',
    columns: flow,
    load: kept,
    setup: { durability: 'os' },
    without: noDisk,
    aims: [{ column: 'messagesPerSecond', value: 200_000 }],
  },
  {
    name: 'session-strict',
    title: '50 kept sessions, QoS 1, window 20, acknowledged when the disk has it',
    columns: flow,
    load: kept,
    setup: { durability: 'strict' },
    without: { ...noDisk, mosquitto: 'it has no such mode' },
    aims: [{ column: 'messagesPerSecond', value: 50_000 }],
  },
  {
    name: 'session-ping-pong-os',
    title: '50 kept sessions, QoS 1, window 1, written each turn',
    columns: flow,
    load: [...pairs(1, 1), '--clean', '0'],
    setup: { durability: 'os' },
    without: noDisk,
  },
  {
    name: 'session-ping-pong-strict',
    title: '50 kept sessions, QoS 1, window 1, acknowledged when the disk has it',
    columns: flow,
    load: [...pairs(1, 1), '--clean', '0'],
    setup: { durability: 'strict' },
    without: { ...noDisk, mosquitto: 'it has no such mode' },
  },
  {
    name: 'acl-devices',
    title: '1,000 devices to 1, one message each time, 51 access rules',
    columns: flow,
    load: devices,
    setup: { aclRules: 51 },
    without: noList,
  },
  {
    name: 'acl-pairs-qos1',
    title: '50 pairs, QoS 1, window 20, 51 access rules',
    columns: flow,
    load: pairs(1, 20),
    setup: { aclRules: 51 },
    without: noList,
  },
  {
    name: 'tls-devices',
    title: '1,000 devices to 1, one message each time, TLS',
    columns: flow,
    load: devices,
    setup: { transport: 'tls' },
  },
  { name: 'tls-pairs-qos1', title: '50 pairs, QoS 1, window 20, TLS', columns: flow, load: pairs(1, 20), setup: { transport: 'tls' } },
  {
    name: 'ws-devices',
    title: '1,000 devices to 1, one message each time, WebSocket',
    columns: flow,
    load: devices,
    setup: { transport: 'ws' },
  },
  { name: 'ws-pairs-qos1', title: '50 pairs, QoS 1, window 20, WebSocket', columns: flow, load: pairs(1, 20), setup: { transport: 'ws' } },
  {
    name: 'v5-devices',
    title: '1,000 devices to 1, one message each time, MQTT 5.0 with three properties',
    columns: flow,
    load: [...devices, '--version', '5', '--properties'],
    setup: {},
    without: noFive,
  },
  {
    name: 'v5-pairs-qos1',
    title: '50 pairs, QoS 1, window 20, MQTT 5.0 with three properties',
    columns: flow,
    load: [...pairs(1, 20), '--version', '5', '--properties'],
    setup: {},
    without: noFive,
  },
  {
    name: 'rules-devices',
    title: '1,000 devices to 1, one message each time, in a hub with 1,000 rules of which one matches (peers: no rules)',
    columns: flow,
    load: devices,
    setup: { sqlRules: 1000 },
  },
  ...[1000, 5000, 15_000].map(
    (n): Row => ({
      name: `idle-${n}`,
      title: `${n.toLocaleString('en')} idle connections, one subscription each`,
      columns: idle,
      load: ['--scenario', 'idle', '--subs', `${n}`],
      setup: {},
      aims: [
        { column: 'kbPerConnection', value: 10 },
        { column: 'kbPerConnection', against: 'aedes', ratio: 2 },
        { column: 'kbPerConnection', against: 'mosquitto', ratio: 1 / 6 },
      ],
    }),
  ),
  {
    name: 'idle-tls-1000',
    title: '1,000 idle connections over TLS, one subscription each',
    columns: idle,
    load: ['--scenario', 'idle', '--subs', '1000'],
    setup: { transport: 'tls' },
  },
  {
    name: 'retained',
    title: '100,000 retained messages stored at QoS 1, then one subscription to all',
    columns: retained,
    load: ['--scenario', 'retained', '--retained', '100000', '--window', '500'],
    setup: {},
    aims: [
      { column: 'deliveryMs', against: 'aedes', ratio: 15 },
      { column: 'deliveryMs', against: 'mosquitto', ratio: 5 },
      { column: 'deliveryMs', value: 200 },
    ],
  },
  {
    name: 'frozen',
    title: 'fan-in 50 to 1 beside one subscriber to all that stopped reading',
    columns: frozen,
    load: fanIn,
    setup: { frozen: 1 },
    aims: [{ column: 'undisturbedPercent', value: 90 }],
  },
];
