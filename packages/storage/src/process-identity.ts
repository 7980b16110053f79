import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** One run of one process: a pid alone comes back after a reboot or a wrap-around. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Boot id and start tick from /proc; empty on systems without it. */
  readonly start: string;
  /** Wall clock, ms: what decides where there is no /proc. */
  readonly startedAtMs: number;
}

export const ownIdentity = (): ProcessIdentity => ({
  pid: process.pid,
  start: startOf(process.pid) ?? '',
  startedAtMs: Math.round(performance.timeOrigin),
});

/** Whether that very run still lives. Where it cannot be told, the answer is yes. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (!Number.isInteger(identity.pid) || identity.pid <= 0) return false;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const start = startOf(identity.pid);
  if (start !== undefined && identity.start !== '') return start === identity.start;
  const bootMs = Date.now() - uptime() * 1000;
  return identity.startedAtMs > bootMs - 60_000;
}

/** proc(5): field 22 of stat, counted behind the command's closing bracket because the command may hold spaces. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return 'ended';
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}
