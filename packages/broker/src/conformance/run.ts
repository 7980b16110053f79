import type { Statement } from './statement.ts';
import type { Version } from './packets.ts';
import { World } from './world.ts';
import type { House } from './world.ts';

/** One exchange in a world of its own: undefined when the server does what the statement asks for, else what it did. */
export async function check(house: House, statement: Statement, version: Version, patienceMs = 3000): Promise<string | undefined> {
  const server = await house.open();
  const world = new World(house, server, version, patienceMs);
  try {
    await statement.run!(world);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } finally {
    await world.end();
  }
}

/** As many at a time as told; statements that share an exchange share its result. */
export async function checkAll(
  house: House,
  statements: readonly Statement[],
  version: Version,
  options: { readonly atOnce: number; readonly patienceMs: number },
): Promise<Map<string, string>> {
  const byExchange = new Map<Statement['run'], Statement[]>();
  for (const one of statements) if (one.run) byExchange.set(one.run, [...(byExchange.get(one.run) ?? []), one]);
  const failed = new Map<string, string>();
  const waiting = [...byExchange.values()];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < waiting.length; i = next++) {
      const result = await check(house, waiting[i]![0]!, version, options.patienceMs);
      if (result !== undefined) for (const { id } of waiting[i]!) failed.set(id, result);
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, lane));
  return failed;
}
