import { OmhError, reasonOf, systemClock } from '@omh/core';
import { errors } from './errors.ts';
import { readHistory } from './history.ts';
import type { Answer, OpenRequest, Question, ToChild, ToParent, WriteFrame } from './protocol.ts';
import { QueryLane } from './query-lane.ts';
import { contentsOf, readEverything, takeSnapshot } from './snapshot.ts';
import { isFatal, plainMessage, sqlError } from './sql-error.ts';
import { Store } from './store.ts';
import { WriteLane } from './write-lane.ts';

const historyTimeoutMs = 30_000;
const checkTimeoutMs = 3_600_000;
const sizeEveryMs = 5000;
const lastValuesEveryMs = 10_000;

let open: { readonly store: Store; readonly lane: WriteLane; readonly queries: QueryLane } | undefined;

const send = (message: ToParent): void => {
  if (process.connected) process.send!(message);
};
/** A store that cannot write any more is no use: the parent starts a new process with what is on disk. */
const giveUp = (thrown: unknown): void => {
  const reason =
    thrown instanceof OmhError
      ? thrown.reason()
      : errors.HISTORIAN_STORE_FAILED({ message: plainMessage(reasonOf(thrown).text).replace(/\.$/, '') }).reason();
  if (process.connected) process.send!({ kind: 'cannotOpen', reason } satisfies ToParent, () => process.exit(70));
  else process.exit(70);
};

process.on('disconnect', () => process.exit(0));
// the whole process group hears these; the parent decides when this process ends
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('uncaughtException', giveUp);
process.on('unhandledRejection', giveUp);
process.on('message', (message: ToChild) => {
  switch (message.kind) {
    case 'open':
      void openStore(message);
      break;
    case 'write':
      void write(message.frame).catch(giveUp);
      break;
    case 'ask':
      void answer(message.id, message.question);
      break;
    case 'close':
      void close().catch(giveUp);
      break;
  }
});

async function openStore(request: OpenRequest): Promise<void> {
  try {
    const store = await Store.open(request.dir, request.memoryLimitMb);
    const lane = new WriteLane(store, request.session, request.retentionMs);
    await lane.load();
    const setupFault = await lane.setup(request.setup);
    open = { store, lane, queries: new QueryLane(store, lane) };
    send({ kind: 'size', bytes: store.bytesOnDisk() });
    send({ kind: 'ready', setupFault });
    await lane.retain(request.now);
    repeat(sizeEveryMs, async () => {
      send({ kind: 'size', bytes: store.bytesOnDisk() });
    });
    repeat(lastValuesEveryMs, () => lane.storeLast());
  } catch (thrown) {
    send({ kind: 'cannotOpen', reason: reasonOf(thrown) });
  }
}

function repeat(everyMs: number, work: () => Promise<void>): void {
  systemClock.after(everyMs, () => {
    if (open)
      void work()
        .catch(giveUp)
        .then(() => repeat(everyMs, work));
  });
}

async function write(frame: WriteFrame): Promise<void> {
  const { lane } = open!;
  const outcomes = await lane.run(frame);
  send({ kind: 'written', id: frame.id, outcomes, ...lane.lastFrame });
}

async function answer(id: number, question: Question): Promise<void> {
  try {
    send({ kind: 'answer', id, answer: await ask(question) });
  } catch (thrown) {
    send({ kind: 'refusal', id, reason: sqlError(thrown).reason() });
    if (isFatal(thrown) || isFatal((thrown as Error).cause)) giveUp(thrown);
  }
}

async function ask(question: Question): Promise<Answer> {
  const { store, lane, queries } = open!;
  switch (question.kind) {
    case 'query':
      return queries.query(question.statement, question.params, question.options);
    case 'history':
      return queries.read(historyTimeoutMs, (connection) => readHistory(connection, lane, question.query, question.now));
    case 'retain':
      await lane.retain(question.now);
      return null;
    case 'snapshot':
      return lane.exclusive(() => takeSnapshot(store));
    case 'contents':
      return queries.read(historyTimeoutMs, contentsOf);
    case 'check':
      return queries.read(checkTimeoutMs, readEverything);
  }
}

async function close(): Promise<void> {
  if (open) {
    const { store, lane, queries } = open;
    await lane.storeLast();
    await lane.exclusive(() => store.checkpoint());
    open = undefined;
    queries.close();
    store.close();
  }
  process.send!({ kind: 'closed' } satisfies ToParent, () => process.disconnect());
}
