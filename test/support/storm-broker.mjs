import { Access } from '../../packages/access/dist/index.js';
import { Broker } from '../../packages/broker/dist/index.js';
import { silentLogger, systemClock } from '../../packages/core/dist/index.js';
import { authenticationChain, MqttAccess } from '../../packages/hub/dist/index.js';

// A broker in a process of its own that asks for device credentials and checks an access list: says its port and the secrets of
// `devices` devices, answers each message with its counters.
const devices = Number(process.argv[2]);
const adminToken = 'a'.repeat(24);
const access = new Access({ clock: systemClock, adminTokens: [adminToken] });
const admin = access.byToken(adminToken);
const secrets = Array.from(
  { length: devices },
  (_, i) => access.devices.put(admin, `d${i}`, { publish: [`plant/d${i}/#`], subscribe: [`plant/d${i}/#`] }).secret,
);
const rules = [
  { deny: 'all', who: { client: 'intruder*' } },
  { deny: 'publish', topics: ['plant/+/secret/#'] },
];
const chain = authenticationChain(access, [{ type: 'device-credentials' }], '.', systemClock, silentLogger);
const broker = new Broker({
  listeners: { tcp: { host: '127.0.0.1', port: 0, anonymous: false } },
  limits: { maxConnections: 15_000 },
  clock: systemClock,
  log: silentLogger,
  ...new MqttAccess(access, systemClock, rules, chain).door,
});
await chain.start();
await broker.start();
process.on('message', () => process.send(broker.stats()));
process.on('disconnect', () => void broker.stop().then(() => process.exit(0)));
process.send({ port: Number(new URL(broker.addresses().tcp).port), secrets });
