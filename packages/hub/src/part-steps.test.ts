import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, type OmhError } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { runSteps, type PartStep } from './part-steps.ts';

const never = (): Promise<void> => new Promise(() => {});
const limitMs = 10_000;

function house(): { log: string[]; step: (part: string, run?: () => Promise<void>, undo?: () => Promise<void>) => PartStep } {
  const log: string[] = [];
  const note = async (line: string, then?: () => Promise<void>): Promise<void> => {
    log.push(line);
    await then?.();
  };
  return { log, step: (part, run, undo) => ({ part, run: () => note(`run ${part}`, run), undo: () => note(`undo ${part}`, undo) }) };
}

test('steps run one after the other', async () => {
  const { log, step } = house();
  await runSteps([step('rule/a'), step('device/b')], { clock: new VirtualClock(), log: silentLogger, limitMs });
  assert.deepEqual(log, ['run rule/a', 'run device/b']);
});

test('a part that never starts takes everything back after 10 s and is named', async () => {
  const { log, step } = house();
  const clock = new VirtualClock();
  const steps = [step('simulator/plant'), step('device/press', never), step('device/oven')];
  const done = assert.rejects(runSteps(steps, { clock, log: silentLogger, limitMs }), (thrown: OmhError) => {
    assert.equal(thrown.code, 'HUB_APPLY_TIMEOUT');
    assert.match(thrown.text, /device\/press/);
    assert.match(thrown.text, /10 s/);
    return true;
  });
  await clock.advance(limitMs - 1);
  assert.deepEqual(log, ['run simulator/plant', 'run device/press']);
  await clock.advance(1);
  await done;
  assert.deepEqual(log.slice(2), ['undo device/press', 'undo simulator/plant']);
  assert.equal(clock.pending, 0);
});

test('the limit holds for all steps together, not for each', async () => {
  const { log, step } = house();
  const clock = new VirtualClock();
  const slow = (): Promise<void> => clock.sleep(6000);
  const done = assert.rejects(runSteps([step('app/a', slow), step('app/b', slow)], { clock, log: silentLogger, limitMs }), /app\/b/);
  await clock.advance(limitMs);
  await done;
  assert.deepEqual(log, ['run app/a', 'run app/b', 'undo app/b', 'undo app/a']);
});

test('a part that fails is named with its reason, and one that does not go back holds up nobody', async () => {
  const { log, step } = house();
  const clock = new VirtualClock();
  const lines: string[] = [];
  const logger = {
    ...silentLogger,
    error: (line: string, fields?: Readonly<Record<string, unknown>>) => void lines.push(`${line}: ${String(fields?.['part'])}`),
  };
  const steps = [
    step('rule/a'),
    step('rule/stuck', undefined, never),
    step('simulator/other', async () => {
      throw new Error('port 5020 is taken');
    }),
  ];
  const done = assert.rejects(runSteps(steps, { clock, log: logger, limitMs }), (thrown: OmhError) => {
    assert.equal(thrown.code, 'HUB_PART_NOT_STARTED');
    assert.match(thrown.text, /simulator\/other.*port 5020 is taken/);
    return true;
  });
  while (!log.includes('undo rule/stuck')) await clock.advance(0);
  await clock.advance(5000);
  await done;
  assert.deepEqual(log.slice(3), ['undo simulator/other', 'undo rule/stuck', 'undo rule/a']);
  assert.deepEqual(lines, ['a part did not go back to its former configuration: rule/stuck']);
});
