import assert from 'node:assert/strict';
import ModbusRTU from 'modbus-serial';
import mqtt from 'mqtt';
import WebSocket from 'ws';

export const topic = '/neuron/demo_app/demo/demo_group';

/** Polls until `check` returns something true, or says what it waited for. */
export async function until(what, check, withinMs = 10_000) {
  const end = Date.now() + withinMs;
  for (;;) {
    let last;
    try {
      const found = await check();
      if (found) return found;
    } catch (thrown) {
      last = thrown;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${withinMs} ms${last ? ` (${last.message})` : ''}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

export async function post(demo, path, body) {
  const answer = await fetch(demo.ready.http + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${demo.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

export const sql = async (demo, statement) => {
  const { status, body } = await post(demo, '/api/v1/sql', { sql: statement });
  assert.equal(status, 200, JSON.stringify(body));
  return body.rows;
};

/** The messages that an independent client receives on the blueprint's topic. */
export async function listen(demo, { url = demo.ready.mqtt, protocolVersion = 4 } = {}) {
  const client = await mqtt.connectAsync(url, { protocolVersion, reconnectPeriod: 0, connectTimeout: 5000 });
  const messages = [];
  client.on('message', (name, payload) => messages.push({ topic: name, at: Date.now(), body: JSON.parse(payload.toString()) }));
  await client.subscribeAsync(topic);
  return { messages, close: () => client.endAsync(true) };
}

/** Two registers read `times` times by an independent Modbus client. */
export async function readRegisters(demo, times = 1, pauseMs = 0) {
  const client = new ModbusRTU();
  const [host, port] = demo.ready.modbus.split(':');
  await client.connectTCP(host, { port: Number(port) });
  try {
    client.setID(1);
    client.setTimeout(2000);
    const out = [];
    for (let i = 0; i < times; i++) {
      if (i > 0)
        await new Promise((resolve) => {
          setTimeout(resolve, pauseMs);
        });
      out.push((await client.readHoldingRegisters(0, 2)).data);
    }
    return out;
  } finally {
    client.close(() => {});
  }
}

/** The first frames of live values, as the console gets them. */
export function liveFrames(demo, count, withinMs = 5000) {
  const socket = new WebSocket(`${demo.ready.http.replace('http', 'ws')}/api/v1/live`, {
    headers: { authorization: `Bearer ${demo.token}` },
  });
  return new Promise((resolve, reject) => {
    const frames = [];
    const timer = setTimeout(() => {
      socket.terminate();
      reject(new Error(`${frames.length} of ${count} live frames within ${withinMs} ms`));
    }, withinMs);
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.on('open', () => socket.send(JSON.stringify({ op: 'sub', id: 1, kind: 'tags', device: 'demo' })));
    socket.on('message', (data) => {
      frames.push(JSON.parse(String(data)));
      if (frames.length < count) return;
      clearTimeout(timer);
      socket.close();
      resolve(frames);
    });
  });
}

const inRange = (t, h) => t >= 280 && t <= 309 && h >= 700 && h <= 729;

/** The blueprint's whole way once: register, value, message, rule, row, history, screen. Throws at the first piece that is not there. */
export async function checkPipeline(demo, withinMs = 8000) {
  for (const [t, h] of await readRegisters(demo)) assert.ok(inRange(t, h), `registers ${t}, ${h}`);
  const reader = await listen(demo);
  try {
    const message = await until('a message on the topic', () => reader.messages[0], withinMs);
    const { node, group, values, errors } = message.body;
    assert.deepEqual([node, group, errors], ['demo', 'demo_group', {}]);
    assert.ok(inRange(values.temperature, values.humidity), JSON.stringify(values));
    await until(
      'two good values over REST',
      async () => {
        const answer = await demo.get('/api/v1/values?device=demo&group=demo_group');
        return answer.values.length === 2 && answer.values.every((v) => v.quality === 'good');
      },
      withinMs,
    );
    await until('the rule counts a match', async () => (await demo.get('/api/v1/rules')).rules[0].matched > 0, withinMs);
    await until(
      'a row in conditions like a message',
      async () => {
        const rows = await sql(demo, 'SELECT temperature, humidity FROM conditions ORDER BY time DESC LIMIT 5');
        return rows.some(([t, h]) => reader.messages.some((m) => m.body.values.temperature === t && m.body.values.humidity === h));
      },
      withinMs,
    );
    await until(
      'samples of both tags in history',
      async () => {
        const rows = await sql(demo, "SELECT path, count(*) FROM samples WHERE device = 'demo' AND quality = 'good' GROUP BY path");
        return rows.length === 2 && rows.every(([, n]) => Number(n) > 0);
      },
      withinMs,
    );
    const series = await demo.get('/api/v1/history?tag=demo/demo_group/temperature&from=now-1m&to=now&points=100');
    assert.ok(series.value.length > 0 && series.quality.every((q) => q === 'good'), JSON.stringify(series));
    const [first, second] = await liveFrames(demo, 2, withinMs);
    assert.equal(first.keys?.length, 2, JSON.stringify(first));
    assert.ok(second.v.length > 0, JSON.stringify(second));
  } finally {
    await reader.close();
  }
}
