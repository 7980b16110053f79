import mqtt from 'mqtt';
import pg from 'pg';

/** What a team would write: MQTT.js receives each cycle, pg stores its samples in one statement and the change of register 0. */
process.once('message', (settings: { mqttUrl: string; postgres: string }) => {
  void (async () => {
    const pool = new pg.Pool({ connectionString: settings.postgres, max: 4 });
    await pool.query('CREATE TABLE samples(time timestamptz NOT NULL, device text NOT NULL, tag text NOT NULL, value double precision)');
    await pool.query('CREATE TABLE changes(seq integer)');
    const broker = await mqtt.connectAsync(settings.mqttUrl);
    broker.on('message', (_topic, payload) => {
      const { timestamp, node, values } = JSON.parse(payload.toString()) as {
        timestamp: number;
        node: string;
        values: Record<string, number>;
      };
      void pool.query({
        name: 'samples',
        text: 'INSERT INTO samples SELECT to_timestamp($1::float8 / 1000), $2, * FROM unnest($3::text[], $4::float8[])',
        values: [timestamp, node, Object.keys(values), Object.values(values)],
      });
      if (node === 'd0') void pool.query({ name: 'changes', text: 'INSERT INTO changes VALUES ($1)', values: [values['t0']] });
    });
    await broker.subscribeAsync('/neuron/#');
    process.send!({ ready: true });
  })();
});
process.once('disconnect', () => process.exit(0));
