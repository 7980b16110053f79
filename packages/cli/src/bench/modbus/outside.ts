import mqtt from 'mqtt';

/** The outside world of a measured hub: one subscriber that parses every group message, and any number that watch one tag each. */
process.once('message', ({ url, watchers }: { url: string; watchers: readonly string[] }) => {
  void (async () => {
    const parser = await mqtt.connectAsync(url);
    let messages = 0;
    let values = 0;
    parser.on('message', (_, payload) => {
      messages++;
      values += Object.keys((JSON.parse(payload.toString()) as { values: object }).values).length;
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
    process.on('message', () => process.send!({ messages, values, watched }));
    process.send!({ ready: true });
  })();
});
process.once('disconnect', () => process.exit(0));
