import { readHistory } from '../../api/queries.ts';
import { may } from '../../app/session.ts';
import { live } from '../../live/live-store.ts';
import { sparkSlotMs, sparkSlots } from '../../live/tag-table.ts';

const restMs = 350;
const atOnce = 2;
const seeded = new Map<string, number>();
const waiting: { row: number; name: string; generation: number }[] = [];
let running = 0;

/** Reads ten minutes of history for a row that stays in sight, two rows at a time, each once per set of tags. */
export function seedTrend(row: number, name: string): (() => void) | undefined {
  const { generation } = live().tags;
  if (seeded.get(name) === generation || !may('history.read')) return undefined;
  const entry = { row, name, generation };
  const timer = setTimeout(() => {
    seeded.set(name, generation);
    waiting.push(entry);
    run();
  }, restMs);
  return () => clearTimeout(timer);
}

function run(): void {
  while (running < atOnce) {
    const next = waiting.shift();
    if (next === undefined) return;
    running++;
    const span = (sparkSlots * sparkSlotMs) / 60_000;
    readHistory({ tag: next.name, from: `now-${span}m`, to: 'now', points: sparkSlots })
      .then((a) => {
        if (live().tags.generation !== next.generation) return;
        const gaps = a.gaps.filter((g) => g.quality === 'bad').map((g) => ({ from: at(g.from), to: at(g.to) }));
        live().tags.seedTrend(next.row, a.time, a.value, gaps);
      })
      // Without history the trend simply begins now.
      .catch(() => undefined)
      .finally(() => {
        running--;
        run();
      });
  }
}
const at = (v: number | string): number => (typeof v === 'number' ? v : Date.parse(v));
