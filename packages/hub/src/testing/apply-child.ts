import { partPrincipal, silentLogger, systemClock, type Logger } from '@omh/core';
import { lockDataDirectory } from '@omh/storage';
import { ConfigFile } from '../config-file.ts';
import { Configuration } from '../configuration.ts';
import { Revisions } from '../revisions.ts';

/**
 * Applies one change without any room and dies of SIGKILL at its `killAt`-th step, or at whatever moment the parent chooses:
 * `node apply-child.js HUB.YAML DATA KILLAT`.
 */
const [path = '', data = '', killAt = '0'] = process.argv.slice(2);
let step = 0;
const log: Logger = {
  ...silentLogger,
  child: () => log,
  debug: () => {
    if (++step === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  },
};
const directory = lockDataDirectory(data);
const file = new ConfigFile(path);
const revisions = new Revisions(directory.sub('revisions'), file.folder, log);
revisions.recover();
const loaded = file.load();
if (!loaded.ok) throw new Error('the files are not valid');
const configuration = new Configuration(
  { file, revisions, clock: systemClock, log, ports: {}, warnings: () => [], steps: async () => [] },
  1,
);
process.stdout.write('ready\n');
const interval = loaded.value.devices['press']!.groups['fast']!.interval === '1s' ? '2s' : '1s';
await configuration.edit(
  [
    { op: 'replace', path: 'hub/name', value: interval },
    { op: 'replace', path: 'devices/press/groups/fast/interval', value: interval },
    { op: 'replace', path: 'devices/press/groups/fast/tags/t1/unit', value: interval },
  ],
  'crash',
  partPrincipal('test'),
);
directory.release();
process.stdout.write('done\n');
