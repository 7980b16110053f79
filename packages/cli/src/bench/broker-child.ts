import { Broker } from '@omh/broker';
import { silentLogger, systemClock } from '@omh/core';

// The broker of the benchmark as its own process: prints its port, ends with SIGTERM.
const broker = new Broker({
  listeners: { tcp: { host: '127.0.0.1', port: 0, anonymous: true } },
  authenticate: () => ({ kind: 'anonymous', name: 'anonymous', permissions: [] }),
  authorize: () => true,
  clock: systemClock,
  log: silentLogger,
});
await broker.start();
process.on('SIGTERM', () => {
  void broker.stop().then(() => process.exit(0));
});
process.stdout.write(`${new URL(broker.addresses().tcp!).port}\n`);
