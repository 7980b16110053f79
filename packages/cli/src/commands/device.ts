import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import type {
  DeviceControlBody,
  DeviceRow,
  DevicesAnswer,
  FrameLogState,
  FrameRow,
  FramesAnswer,
  HeldRow,
  HolesAnswer,
  IdentityAnswer,
} from '@omh/api';
import { formatDuration, systemClock } from '@omh/core';
import { errors } from '../errors.ts';
import { ask, download, needHub, type HubAddress } from '../hub-client.ts';
import { formatTable } from '../table.ts';
import { onHub, printJson, type AccessFlags } from './access.ts';

const pollMs = 500;

export function deviceCommand(): Command {
  const command = new Command('device')
    .description('Devices of the running hub: their links, pause and stop, frames on the wire, who they are.')
    .addHelpText(
      'after',
      '\nExamples:\n  omh device list\n  omh device show press\n  omh device pause press --comment "bearing change"\n  omh device frames press --minutes 10 --follow\n  omh device frames press --pcap press.pcap',
    )
    .addCommand(list())
    .addCommand(show());
  for (const [action, description] of actions) command.addCommand(control(action, description));
  return command.addCommand(frames()).addCommand(identify()).addCommand(forgetLearnt()).addCommand(template());
}

const actions = [
  ['pause', 'Read nothing of the device or of one group; the link stays.'],
  ['resume', 'Read it again.'],
  ['stop', 'Close the link; nothing is read or written.'],
  ['start', 'Open the link again; a pause ends too.'],
] as const;

const at = (name: string): string => `/api/v1/devices/${encodeURIComponent(name)}`;
const held = ({ by, at: since, comment }: HeldRow): string => `${by} at ${since}${comment === undefined ? '' : `: ${comment}`}`;
const ms = (value: number | undefined): string => (value === undefined ? '' : value < 10 ? value.toFixed(1) : String(Math.round(value)));
/** As people call it: a device that reads nothing because somebody wants it so is paused. */
const stateOf = ({ state, paused, stopped }: DeviceRow): string => (stopped === undefined && paused !== undefined ? 'paused' : state);

async function all(hub: HubAddress): Promise<DeviceRow[]> {
  const out: DeviceRow[] = [];
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page: DevicesAnswer = await ask(
      hub,
      'GET',
      `/api/v1/devices${cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`}`,
    );
    out.push(...page.devices);
    cursor = page.cursor;
  }
  return out;
}

function list(): Command {
  return onHub(new Command('list').description('All devices with state, round trip and counts.'))
    .addHelpText('after', '\nExample:\n  omh device list --json')
    .action(async (flags: AccessFlags) => {
      const devices = await all(needHub(flags));
      if (flags.json) printJson({ devices });
      else
        process.stdout.write(
          `${formatTable(
            ['device', 'state', 'driver', 'address', 'tags', 'good', 'rtt p50', 'rtt p99', ''],
            devices.map((d) => [
              d.name,
              stateOf(d),
              d.driver,
              d.endpoint,
              d.tags,
              d.good,
              ms(d.stats.rttP50Ms),
              ms(d.stats.rttP99Ms),
              d.reason.text,
            ]),
          )}\n`,
        );
    });
}

function show(): Command {
  return onHub(new Command('show').description('One device: its link, its groups, what was learnt of it.'))
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  omh device show press')
    .action(async (name: string, flags: AccessFlags) => {
      const hub = needHub(flags);
      const device = await ask<DeviceRow>(hub, 'GET', at(name));
      const learnt = await ask<HolesAnswer>(hub, 'GET', `${at(name)}/holes`);
      if (flags.json) printJson({ ...device, learnt });
      else process.stdout.write(deviceText(device, learnt));
    });
}

function deviceText(device: DeviceRow, { holes, limits, cursor }: HolesAnswer): string {
  const { stats } = device;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['driver', `${device.driver}, ${device.endpoint}`],
    ['path', device.path],
    ['since', device.since],
    ['next try', device.nextTry],
    ['stopped by', device.stopped && held(device.stopped)],
    ['paused by', device.paused && held(device.paused)],
    ['tags', `${device.tags}: ${device.good} good, ${device.uncertain} uncertain, ${device.bad} bad`],
    ['round trip', stats.rttP50Ms === undefined ? undefined : `p50 ${ms(stats.rttP50Ms)} ms, p99 ${ms(stats.rttP99Ms)} ms`],
    ['in flight', stats.window === undefined ? undefined : `${stats.window} at once`],
    ['requests', `${stats.requests}, ${stats.responses} answered, ${stats.refusals} refused, ${stats.timeouts} not answered`],
    ['bytes', `${stats.bytesOut} out, ${stats.bytesIn} in`],
    ['faults', stats.faults.length === 0 ? undefined : stats.faults.map(({ code, count }) => `${code} ${count}`).join(', ')],
    ['limits', limits.length === 0 ? undefined : limits.map((l) => `unit ${l.unit} ${l.area}: ${l.count} points`).join(', ')],
  ];
  const parts = [
    `${device.name} is ${stateOf(device)}: ${device.reason.text}\n${facts
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `  ${key.padEnd(12)}${value}`)
      .join('\n')}`,
    formatTable(
      ['group', 'every', 'tags', 'cycles', 'missed', 'skipped', 'cycle ms', 'jitter p99', ''],
      device.groups.map((g) => [
        g.name,
        formatDuration(g.intervalMs),
        g.tags,
        g.cycles,
        g.missed,
        g.skipped,
        ms(g.lastCycleMs),
        ms(g.jitterP99Ms),
        g.paused === undefined ? (g.overrun ? 'takes longer than its interval' : '') : `paused by ${held(g.paused)}`,
      ]),
    ),
  ];
  if (holes.length > 0)
    parts.push(
      formatTable(
        ['refused', 'unit', 'from', 'count', 'code'],
        holes.map((hole) => [hole.area, hole.unit, hole.start, hole.count, hole.code]),
      ),
    );
  if (cursor !== undefined) parts.push('There are more refused ranges; the API has all.');
  return `${parts.join('\n\n')}\n`;
}

function control(action: DeviceControlBody['action'], description: string): Command {
  const command = onHub(new Command(action).description(description)).argument('<name>');
  if (action === 'pause' || action === 'resume') command.option('--group <group>', 'only this group');
  return command
    .option('--comment <text>', 'why; shown wherever the device is')
    .addHelpText('after', `\nExample:\n  omh device ${action} press`)
    .action(async (name: string, { group, comment, ...flags }: AccessFlags & { group?: string; comment?: string }) => {
      const body: DeviceControlBody = {
        action,
        ...(group === undefined ? {} : { group }),
        ...(comment === undefined ? {} : { comment }),
      };
      const device = await ask<DeviceRow>(needHub(flags), 'POST', `${at(name)}/control`, body);
      if (flags.json) printJson(device);
      else process.stdout.write(`${device.name} is ${stateOf(device)}: ${device.reason.text}\n`);
    });
}

interface FrameFlags extends AccessFlags {
  readonly minutes?: number;
  readonly follow?: true;
  readonly pcap?: string;
}

function frames(): Command {
  return onHub(new Command('frames').description('Frames on the wire: logged while somebody wants them, one line each.'))
    .argument('<name>')
    .option('--minutes <n>', 'log for so long from now on, up to 60; 0 ends it', minutes)
    .option('--follow', 'go on printing until the log ends')
    .option('--pcap <file>', 'save what is logged, for Wireshark')
    .addHelpText('after', '\nExamples:\n  omh device frames press --minutes 10 --follow\n  omh device frames press --pcap press.pcap')
    .action(async (name: string, flags: FrameFlags) => {
      const hub = needHub(flags);
      if (flags.minutes !== undefined) await ask<FrameLogState>(hub, 'POST', `${at(name)}/frames`, { minutes: flags.minutes });
      if (flags.pcap !== undefined) {
        const capture = await download(hub, `${at(name)}/frames.pcap`);
        writeFileSync(flags.pcap, capture);
        process.stderr.write(`Wrote ${capture.length} bytes to ${flags.pcap}.\n`);
        return;
      }
      let state: FramesAnswer | undefined;
      let lines = 0;
      for (let after = 0; ; after = state.next) {
        state = await ask<FramesAnswer>(hub, 'GET', `${at(name)}/frames?after=${after}&limit=1000`);
        for (const frame of state.frames) process.stdout.write(flags.json ? `${JSON.stringify(frame)}\n` : `${line(frame)}\n`);
        lines += state.frames.length;
        if (state.frames.length === 1000) continue;
        if (flags.follow === undefined || !state.on) break;
        await systemClock.sleep(pollMs);
      }
      if (flags.json) return;
      const end = state.on
        ? `The log goes on until ${state.until}.`
        : lines === 0
          ? 'Nothing was logged; --minutes 10 begins.'
          : 'The log has ended.';
      process.stderr.write(`${end}${state.dropped === 0 ? '' : ` ${state.dropped} older frames made room.`}\n`);
    });
}
const line = ({ time, direction, unit, bytes, text, hex }: FrameRow): string =>
  `${time} ${direction} ${unit === undefined ? '' : `unit ${unit} `}${text === '' ? hex : text} (${bytes} bytes)`;

function minutes(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 60)) throw errors.CLI_USAGE({ detail: '--minutes takes 0 to 60' });
  return value;
}

function identify(): Command {
  return onHub(new Command('identify').description('Ask a unit of the device who it is.'))
    .argument('<name>')
    .option('--unit <n>', 'unit at the address of the device', Number, 1)
    .addHelpText('after', '\nExample:\n  omh device identify press --unit 1')
    .action(async (name: string, { unit, ...flags }: AccessFlags & { unit: number }) => {
      const answer = await ask<IdentityAnswer>(needHub(flags), 'POST', `${at(name)}/identify`, { unit });
      if (flags.json) printJson(answer);
      else process.stdout.write(`${formatTable(['', ''], Object.entries(answer.identity)).split('\n').slice(2).join('\n')}\n`);
    });
}

function forgetLearnt(): Command {
  return onHub(new Command('forget-learnt').description('Forget which ranges the device refuses, so that all are asked for again.'))
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  omh device forget-learnt press')
    .action(async (name: string, flags: AccessFlags) => {
      await ask(needHub(flags), 'POST', `${at(name)}/forget-learnt`);
      if (flags.json) printJson({ result: 'ok' });
      else process.stdout.write(`What was learnt of ${name} is forgotten.\n`);
    });
}

function template(): Command {
  return onHub(new Command('template').description('The device and what was learnt of it, as a template for the next one.'))
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  omh device template press >> hub.yaml')
    .action(async (name: string, flags: AccessFlags) => {
      const text = Buffer.from(await download(needHub(flags), `${at(name)}/template`)).toString();
      if (flags.json) printJson({ template: text });
      else process.stdout.write(text);
    });
}
