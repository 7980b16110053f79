import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@omh/core';
import { historianSuite } from '@omh/core/testing';
import { EmbeddedHistorian } from './index.ts';

historianSuite('embedded', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-historian-'));
  const historian = new EmbeddedHistorian({ dir, retentionMs: 90 * 86_400_000, clock: systemClock, log: silentLogger });
  await historian.start();
  return {
    historian,
    now: () => systemClock.now(),
    close: async () => {
      await historian.stop();
      rmSync(dir, { recursive: true });
    },
  };
});
