import modbus from 'modbus-serial';
import mqtt from 'mqtt';
import type { Job } from './stack.ts';

// Its types describe an ES module, its file is CommonJS: the class stands in both places.
const ModbusRTU = modbus as unknown as typeof modbus.default;

/** What a team would write: modbus-serial reads each device on its interval, MQTT.js publishes the cycle. */
process.once('message', (settings: Job & { mqttUrl: string }) => {
  void (async () => {
    const broker = await mqtt.connectAsync(settings.mqttUrl);
    for (const [i, port] of settings.ports.entries()) {
      const client = new ModbusRTU();
      await client.connectTCP('127.0.0.1', { port });
      client.setID(1);
      client.setTimeout(3000);
      let busy = false;
      setInterval(() => {
        if (busy) return;
        busy = true;
        client
          .readHoldingRegisters(0, settings.tagsPerDevice)
          .then(
            ({ data }) => {
              const values: Record<string, number> = {};
              for (let t = 0; t < data.length; t++) values[`t${t}`] = data[t]!;
              broker.publish(
                `/neuron/app/d${i}/g`,
                JSON.stringify({ timestamp: Date.now(), node: `d${i}`, group: 'g', values, errors: {}, metas: {} }),
              );
            },
            () => {},
          )
          .finally(() => {
            busy = false;
          });
      }, settings.intervalMs);
    }
    process.send!({ ready: true });
  })();
});
process.once('disconnect', () => process.exit(0));
