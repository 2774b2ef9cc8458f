import type { Status } from '@meterbridge/operations';
import { style } from '../../terminal/style.js';

/** Which configuration the processes run: one line where all run that of the file, else a line for each. */
export function renderProcesses({ config, processes }: Pick<Status, 'config' | 'processes'>): string[] {
  const byConfig = new Map<string, Status['processes']>();
  for (const each of processes) byConfig.set(each.config, [...(byConfig.get(each.config) ?? []), each]);
  if (byConfig.size === 0) return [];
  const isOne = byConfig.size === 1 && byConfig.has(config);
  if (isOne) return [`Configuration ${config}: in force in all ${count(processes.length)}`];
  const lines = [...byConfig].map(([hash, those]) => {
    const names = those.map(({ role, host, pid }) => `${role} ${host}/${pid}`).join(', ');
    return `  ${hash}${hash === config ? ', the file read here' : ''}: ${names}`;
  });
  const head = `Not all processes run the configuration that is read here (${config}). Send them SIGHUP, or restart those that say so:`;
  return [style('yellow', head), ...lines];
}

function count(processes: number): string {
  return processes === 1 ? '1 process' : `${processes} processes`;
}
