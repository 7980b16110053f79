import mqtt from 'mqtt';

/**
 * The outside world of a measured hub: one subscriber that parses every group message, and any number that watch one tag each. Answers
 * each message with what came since the one before.
 */
process.once('message', ({ url, watchers, intervalMs }: { url: string; watchers: readonly string[]; intervalMs: number }) => {
  void (async () => {
    const parser = await mqtt.connectAsync(url);
    let messages = 0;
    let values = 0;
    /** When the cycles of each group were read, ms. */
    const cycles = new Map<string, number[]>();
    parser.on('message', (topic, payload) => {
      const message = JSON.parse(payload.toString()) as { values: object; timestamp: number };
      messages++;
      values += Object.keys(message.values).length;
      const times = cycles.get(topic);
      if (times === undefined) cycles.set(topic, [message.timestamp]);
      else times.push(message.timestamp);
    });
    await parser.subscribeAsync('/neuron/#');
    let watched = 0;
    for (const path of watchers) {
      const watcher = await mqtt.connectAsync(url);
      watcher.on('message', () => {
        watched++;
      });
      await watcher.subscribeAsync(path);
    }
    process.on('message', () => {
      const lateness = [...cycles.values()].flatMap((times) => latenessOf(times, intervalMs)).sort((a, b) => a - b);
      process.send!({ messages, values, watched, jitterP99Ms: lateness[Math.ceil(lateness.length * 0.99) - 1] ?? 0 });
      [messages, values, watched] = [0, 0, 0];
      cycles.clear();
    });
    process.send!({ ready: true });
  })();
});
/** How much later than its earliest place in the interval each cycle was read. */
function latenessOf(times: readonly number[], intervalMs: number): number[] {
  const off = times.map((time) => time - times[0]! - Math.round((time - times[0]!) / intervalMs) * intervalMs);
  const earliest = Math.min(...off);
  return off.map((ms) => ms - earliest);
}

process.once('disconnect', () => process.exit(0));
