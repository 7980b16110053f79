import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339 } from '@omh/core';
import type { FaultView, Hub, RequestLogEntry, SignalView, Simulator } from '@omh/hub';
import { AnyObject, healthFields, healthToJson, listOf, Time } from '../schemas.ts';
import { unknown } from './tag-target.ts';

const Unit = Type.Integer({ description: 'Modbus unit, 0 to 255.' });
const Area = Type.String({ description: 'coil, discrete, input or holding.' });
const Address = Type.Integer({ description: 'As on the wire, from 0.' });
const Scalar = Type.Union([Type.Number(), Type.String(), Type.Boolean()]);

export const SignalRow = Type.Object({
  unit: Unit,
  name: Type.String({ description: 'Its address where the file gives it no name.' }),
  signal: Type.String({ description: 'Its kind, as sine.' }),
  text: Type.String({ description: 'One sentence: what the value does.' }),
  area: Area,
  address: Address,
  points: Type.Integer({ description: 'Registers or bits it takes.' }),
  type: Type.String({ description: 'As of a tag: uint16, float, string.' }),
  count: Type.Integer({ description: 'Values one after the other.' }),
  value: Type.Union([Scalar, Type.Array(Scalar)], {
    description: 'In engineering units; 64-bit integers as text, bytes as hexadecimal digits, of an array the first 16.',
  }),
  held: Type.Boolean({ description: 'It keeps a value that somebody gave it.' }),
});
export type SignalRow = Static<typeof SignalRow>;

export const FaultRow = Type.Object({
  id: Type.Integer(),
  fault: Type.String({ description: 'Its kind, as silent.' }),
  text: Type.String({ description: 'One sentence: what the device does.' }),
  settings: Type.Unsafe<Record<string, unknown>>({ ...AnyObject, description: 'As it was switched on, or as it stands in the file.' }),
  state: Type.Unsafe<'on' | 'waiting' | 'over'>({ type: 'string', enum: ['on', 'waiting', 'over'], description: 'Whether it holds now.' }),
  heldForMs: Type.Optional(Type.Number({ description: 'How long it has held.' })),
  endsInMs: Type.Optional(Type.Number({ description: 'When it ends; absent where it holds for good.' })),
  beginsInMs: Type.Optional(Type.Number({ description: 'When it begins.' })),
  hits: Type.Integer({ description: 'Requests it has hit.' }),
});
export type FaultRow = Static<typeof FaultRow>;

export const SimulatorRow = Type.Object({
  name: Type.String(),
  protocol: Type.String(),
  address: Type.Optional(Type.String({ description: 'host:port it listens on.' })),
  ...healthFields,
  devices: Type.Array(Type.String(), { description: 'Devices of the hub that read it.' }),
  units: Type.Array(Type.Integer(), { description: 'The units that answer.' }),
  signals: listOf(
    SignalRow,
    'With their present values, in the order of the file; of one simulator the first 200, in the list the first 20 of each.',
  ),
  signalCount: Type.Integer(),
  faults: listOf(FaultRow, 'Those that hold or will, and those that are over until another is switched on.'),
  registers: listOf(
    Type.Object({
      unit: Unit,
      area: Area,
      address: Address,
      value: Type.Number({ description: 'The raw register, or 0 and 1 of a bit.' }),
      label: Type.Optional(Type.String({ description: 'Name of the signal that stands there.' })),
      signal: Type.Optional(Type.String({ description: 'One sentence: what the value does.' })),
    }),
    'Points that a signal stands in, then others: of one simulator up to 2000, in the list up to 20 of each.',
  ),
  stats: Type.Object({ connections: Type.Number(), requests: Type.Number(), exceptions: Type.Number() }),
});
export type SimulatorRow = Static<typeof SimulatorRow>;

export const RequestRow = Type.Object({
  seq: Type.Integer(),
  at: Time,
  peer: Type.String(),
  unit: Type.Integer(),
  function: Type.Integer(),
  functionName: Type.String(),
  address: Type.Optional(Type.Integer()),
  count: Type.Optional(Type.Integer()),
  outcome: Type.String(),
});
export type RequestRow = Static<typeof RequestRow>;

/** Of one simulator, and of each in the list: a hundred of them are to stay a small answer. */
const most = { one: { signals: 200, registers: 2000 }, list: { signals: 20, registers: 20 } };

export const signalToJson = ({ value, ...row }: SignalView): SignalRow => ({
  ...row,
  value: Array.isArray(value) ? value.map(plain) : plain(value as number | string | boolean),
});
/** JSON has no word for these. */
const plain = (value: number | string | boolean): number | string | boolean =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

export function faultToJson({ id, fault, text, settings, active, heldForMs, changesInMs, hits }: FaultView): FaultRow {
  const row = { id, fault, text, settings: { ...settings }, hits };
  if (active)
    return {
      ...row,
      state: 'on',
      ...(heldForMs === undefined ? {} : { heldForMs }),
      ...(changesInMs === undefined ? {} : { endsInMs: changesInMs }),
    };
  return changesInMs === undefined ? { ...row, state: 'over' } : { ...row, state: 'waiting', beginsInMs: changesInMs };
}

export const requestToJson = (entry: RequestLogEntry): RequestRow => ({ ...entry, at: rfc3339(entry.at) });

/** Which devices read which address. */
export function readersOf(hub: Hub): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, string[]>();
  for (const { id, address } of hub.status().parts) {
    if (address === undefined || !id.startsWith('device/')) continue;
    const names = out.get(address);
    if (names === undefined) out.set(address, [id.slice('device/'.length)]);
    else names.push(id.slice('device/'.length));
  }
  return out;
}

export function simulatorToJson(simulator: Simulator, readers: ReturnType<typeof readersOf>, shown: keyof typeof most): SimulatorRow {
  const address = simulator.address();
  const place = simulator.lastAddress();
  return {
    name: simulator.name,
    protocol: simulator.protocol,
    ...(address === undefined ? {} : { address }),
    ...healthToJson(simulator.health()),
    devices: [...((place === undefined ? undefined : readers.get(place)) ?? [])],
    units: [...simulator.units],
    signals: simulator.signals(0, most[shown].signals).map(signalToJson),
    signalCount: simulator.signalCount,
    faults: simulator.faults().map(faultToJson),
    registers: [...simulator.registers(most[shown].registers)],
    stats: { ...simulator.stats() },
  };
}

/** Throws API_UNKNOWN_NAME with the nearest name. */
export function simulatorByName(hub: Hub, name: string): Simulator {
  const all = hub.simulators();
  return (
    all.find((simulator) => simulator.name === name) ??
    unknown(
      'simulator',
      name,
      all.map((simulator) => simulator.name),
    )
  );
}
