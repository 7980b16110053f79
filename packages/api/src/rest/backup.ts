import { Type, type Static } from '@fastify/type-provider-typebox';
import type { Inspection } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';
import { listOf } from '../schemas.ts';

export const VerifyAnswer = Type.Object({
  ok: Type.Boolean(),
  findings: listOf(
    Type.Object({
      file: Type.String({ description: 'In the data directory.' }),
      position: Type.Optional(Type.Integer({ description: 'The first record that is wrong.' })),
      byte: Type.Optional(Type.Integer({ description: 'Where that is in the file.' })),
      text: Type.String(),
    }),
    'What is not as it was written.',
  ),
  checked: listOf(Type.String(), 'What was looked at, a sentence each.'),
  counts: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String()])),
});
export type VerifyAnswer = Static<typeof VerifyAnswer>;

/** Who takes nothing for so long gets no more. */
const stallMs = 60_000;

export function registerBackup(app: App, { hub, log }: ApiContext): void {
  let verifying: Promise<Inspection> | undefined;

  app.post(
    '/api/v1/backup',
    {
      config: { permission: 'backup.create' },
      schema: {
        operationId: 'createBackup',
        tags: ['access'],
        summary: 'Everything as it is now, as one file: a gzipped tar archive whose last entry is its manifest. One at a time.',
        response: {
          200: {
            description: 'The file. It holds verifiers of passwords and digests of tokens.',
            content: { 'application/gzip': { schema: Type.String({ format: 'binary' }) } },
          },
          ...problemResponses,
        },
      },
    },
    async (_request, reply) => {
      const { name, stream } = await hub.backup();
      stream.once('error', (error: Error) => log.warn('a backup did not become whole', { name, err: error }));
      reply.raw.setTimeout(stallMs, () => stream.destroy(new Error(`the client took nothing for ${stallMs / 1000} s`)));
      return reply
        .type('application/gzip')
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(stream as unknown as string);
    },
  );

  app.get(
    '/api/v1/verify',
    {
      config: { permission: 'audit.read' },
      schema: {
        operationId: 'verifyHub',
        tags: ['access'],
        summary: 'Checks the audit log, the documents and the history, as far as that goes while the hub works.',
        response: { 200: VerifyAnswer, ...problemResponses },
      },
    },
    async () => {
      // Everything is read, so those who ask at once share one answer.
      verifying ??= hub.verify().finally(() => {
        verifying = undefined;
      });
      const { ok, findings, checked, counts } = await verifying;
      return { ok, findings: [...findings], checked: [...checked], counts: { ...counts } };
    },
  );
}
