import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** What Linux counts in: clock ticks of a hundredth of a second. */
const TICKS_PER_SECOND = 100;

/** CPU seconds a process has used, user and system; from Linux' /proc, NaN elsewhere. */
export async function cpuSeconds(pid: number): Promise<number> {
  const { own } = await readUsed(pid);
  return own;
}

/**
 * Says what share of all cores others used meanwhile, 0 to 1: what was neither this process nor any that it
 * started and that has ended by then.
 */
export async function watchOthers(): Promise<() => Promise<number>> {
  const read = async () => ({
    at: performance.now(),
    machine: await machineCpuSeconds(),
    used: await readUsed(process.pid),
  });
  const before = await read();
  return async () => {
    const after = await read();
    const ours = after.used.own + after.used.ended - before.used.own - before.used.ended;
    const seconds = ((after.at - before.at) / 1_000) * cpus().length;
    return Math.max(0, after.machine - before.machine - ours) / seconds;
  };
}

async function readUsed(pid: number): Promise<{ own: number; ended: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, in parentheses, may hold spaces; utime, stime, cutime and cstime are the 14th to 17th fields.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
  return { own: (utime! + stime!) / TICKS_PER_SECOND, ended: (cutime! + cstime!) / TICKS_PER_SECOND };
}

/** CPU seconds that anybody on this machine has used since it started, over all cores. */
export async function machineCpuSeconds(): Promise<number> {
  const stat = await readFile('/proc/stat', 'utf8').catch(() => '');
  // user nice system idle iowait irq softirq steal
  const [user, nice, system, , , irq, softirq, steal] = (/^cpu +(.+)/.exec(stat)?.[1] ?? '')
    .split(' ')
    .map(Number);
  return (user! + nice! + system! + irq! + softirq! + steal!) / TICKS_PER_SECOND;
}

/** Bytes of memory a process has, as the operating system counts it; NaN where that is not Linux. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
}
