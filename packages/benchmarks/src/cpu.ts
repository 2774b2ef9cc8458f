import { readFile } from 'node:fs/promises';

/** What Linux counts in: clock ticks of a hundredth of a second. */
const TICKS_PER_SECOND = 100;

/** CPU seconds a process has used, user and system; from Linux' /proc, NaN elsewhere. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, in parentheses, may hold spaces; utime and stime are the 14th and 15th fields.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
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
