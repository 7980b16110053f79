import { Broker } from '../../packages/broker/dist/index.js';
import { silentLogger, systemClock } from '../../packages/core/dist/index.js';
import { AppendLog } from '../../packages/storage/dist/index.js';

// A broker in a process of its own: says its port, answers each message with its counters and its memory after a collection.
const principal = { kind: 'anonymous', name: 'anonymous', permissions: [] };
const broker = new Broker({
  listeners: { tcp: { host: '127.0.0.1', port: 0, anonymous: true } },
  authenticate: () => principal,
  authorize: () => true,
  clock: systemClock,
  log: silentLogger,
  durable: () =>
    AppendLog.open(process.argv[2], { mode: 'os', clock: systemClock, log: silentLogger, segmentBytes: 4 << 20, bufferBytes: 64 << 20 }),
});
await broker.start();
process.on('message', () => {
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send({ stats: broker.stats(), rss, heapUsed, external });
});
process.on('disconnect', () => void broker.stop().then(() => process.exit(0)));
process.send({ port: Number(new URL(broker.addresses().tcp).port) });
