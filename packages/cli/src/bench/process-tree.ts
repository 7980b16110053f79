import { readdirSync, readFileSync } from 'node:fs';

/** Linux' clock ticks per second, as /proc counts CPU time. */
const ticksPerSecond = 100;
const pageBytes = 4096;

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** CPU seconds used so far and resident memory now of these processes and all below them. */
export function processTree(roots: readonly number[]): { cpuSeconds: number; rssMb: number; processes: number } {
  const rows = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => row(Number(name)) ?? []);
  const inside = new Set(roots);
  for (let grew = true; grew; ) {
    grew = false;
    for (const r of rows)
      if (inside.has(r.parent) && !inside.has(r.pid)) {
        inside.add(r.pid);
        grew = true;
      }
  }
  const mine = rows.filter((r) => inside.has(r.pid));
  return {
    cpuSeconds: mine.reduce((n, r) => n + r.cpuSeconds, 0),
    rssMb: mine.reduce((n, r) => n + r.rssBytes, 0) / 1e6,
    processes: mine.length,
  };
}

function row(pid: number): Row[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name may hold spaces and brackets: fields count from the last closing one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [utime, stime, childUser, childSystem] = [11, 12, 13, 14].map((i) => Number(fields[i]));
    return [
      {
        pid,
        parent: Number(fields[1]),
        cpuSeconds: (utime! + stime! + childUser! + childSystem!) / ticksPerSecond,
        rssBytes: Number(fields[21]) * pageBytes,
      },
    ];
  } catch {
    return undefined;
  }
}
