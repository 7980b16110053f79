import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339, type FrameSummary } from '@omh/core';
import type { FrameLog, LoggedFrame } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { listOf, NameParams, StrictObject, Time } from '../schemas.ts';
import { deviceNamed } from './device-target.ts';

const state = {
  on: Type.Boolean(),
  until: Type.Optional(Type.String({ format: 'date-time', description: 'When it ends by itself.' })),
  kept: Type.Integer({ description: 'Frames that are there.' }),
  dropped: Type.Integer({ description: 'Older ones that made room.' }),
};
export const FrameLogState = Type.Object(state);
export type FrameLogState = Static<typeof FrameLogState>;
export const FrameRow = Type.Object({
  seq: Type.Integer(),
  time: Time,
  direction: Type.Unsafe<'tx' | 'rx'>({ type: 'string', enum: ['tx', 'rx'], description: 'tx: to the device.' }),
  bytes: Type.Integer(),
  hex: Type.String({ description: 'The first 300 bytes.' }),
  text: Type.String({ description: 'What it says in a few words; empty where the driver does not tell.' }),
  unit: Type.Optional(Type.Integer()),
  transaction: Type.Optional(Type.Integer()),
  function: Type.Optional(Type.Integer()),
  functionName: Type.Optional(Type.String()),
  address: Type.Optional(Type.Integer({ description: 'As on the wire, from 0.' })),
  count: Type.Optional(Type.Integer()),
  exception: Type.Optional(Type.Integer({ description: 'The device refuses with this code.' })),
});
export type FrameRow = Static<typeof FrameRow>;
export const FramesAnswer = Type.Object({
  ...state,
  frames: listOf(FrameRow, 'Oldest first.'),
  next: Type.Integer({ description: 'Hand it back as `after` for what is new.' }),
});
export type FramesAnswer = Static<typeof FramesAnswer>;
export const FrameLogBody = StrictObject({
  minutes: Type.Optional(Type.Number({ minimum: 0, maximum: 60, default: 10, description: '0 ends it and keeps what is there.' })),
});
export type FrameLogBody = Static<typeof FrameLogBody>;

const mostHexBytes = 300;

function stateToJson(log: FrameLog): FrameLogState {
  const { on, until, frames, dropped } = log.status();
  return { on, ...(until === undefined ? {} : { until: rfc3339(until) }), kept: frames, dropped };
}
function frameToJson({ seq, at, direction, bytes }: LoggedFrame, summary: FrameSummary | undefined): FrameRow {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, mostHexBytes)).toString('hex');
  return { seq, time: rfc3339(at), direction, bytes: bytes.length, hex, text: '', ...summary };
}

export function registerFrameLog(app: App, { hub }: ApiContext): void {
  app.post(
    '/api/v1/devices/:name/frames',
    {
      config: { permission: 'devices.control' },
      schema: {
        operationId: 'startFrameLog',
        tags: ['devices'],
        summary: 'Logs the frames of the link for so long from now on; what was logged before stays.',
        params: NameParams,
        body: FrameLogBody,
        response: { 200: FrameLogState, ...problemResponses },
      },
    },
    async (request) => {
      const name = deviceNamed(hub, request.params.name);
      const { minutes = 10 } = request.body;
      request.audited = { what: `devices/${name}/frames`, detail: { action: minutes === 0 ? 'end' : 'log', minutes } };
      const log = hub.deviceAdmin.frames(name);
      if (minutes === 0) log.stop();
      else log.start(minutes * 60_000);
      return stateToJson(log);
    },
  );

  app.get(
    '/api/v1/devices/:name/frames',
    {
      config: { permission: 'devices.read' },
      schema: {
        operationId: 'getFrames',
        tags: ['devices'],
        summary: 'Frames that were logged, each in a few words.',
        params: NameParams,
        querystring: Type.Object({
          after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only those with a larger seq.' })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 500 })),
        }),
        response: { 200: FramesAnswer, ...problemResponses },
      },
    },
    async ({ params, query: { after = 0, limit = 500 } }) => {
      const name = deviceNamed(hub, params.name);
      const log = hub.deviceAdmin.frames(name);
      const describe = hub.deviceAdmin.describer(name);
      const frames = log.frames(after, limit).map((frame) => frameToJson(frame, describe(frame.bytes, frame.direction)));
      return { ...stateToJson(log), frames, next: frames.at(-1)?.seq ?? after };
    },
  );

  app.get(
    '/api/v1/devices/:name/frames.pcap',
    {
      config: { permission: 'devices.read' },
      schema: {
        operationId: 'getFramesPcap',
        tags: ['devices'],
        summary: 'Frames that were logged, as a capture for Wireshark.',
        params: NameParams,
        response: {
          200: { description: 'pcap', content: { 'application/vnd.tcpdump.pcap': { schema: Type.String({ format: 'binary' }) } } },
          ...problemResponses,
        },
      },
    },
    async ({ params }, reply) => {
      const name = deviceNamed(hub, params.name);
      const file = `${name.replace(/[^\w.-]+/g, '_')}.pcap`;
      return reply
        .type('application/vnd.tcpdump.pcap')
        .header('content-disposition', `attachment; filename="${file}"`)
        .send(Buffer.from(hub.deviceAdmin.frames(name).pcap()) as unknown as string);
    },
  );

  app.delete(
    '/api/v1/devices/:name/frames',
    {
      config: { permission: 'devices.control' },
      schema: {
        operationId: 'deleteFrames',
        tags: ['devices'],
        summary: 'Ends the log and forgets the frames.',
        params: NameParams,
        response: { 204: Type.Null({ description: 'Done.' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const log = hub.deviceAdmin.frames(deviceNamed(hub, request.params.name));
      log.stop();
      log.clear();
      return reply.code(204).send(null);
    },
  );
}
