import type { Status } from '@meterbridge/operations';
import { style } from '../../terminal/style.js';

/** Which configuration the processes run, and which version where there are several. */
export function renderProcesses(status: Pick<Status, 'config' | 'processes'>): string[] {
  return [...renderConfigurations(status), ...renderVersions(status)];
}

/** Several stand side by side for as long as an upgrade takes: a line for each. */
function renderVersions({ processes }: Pick<Status, 'processes'>): string[] {
  const byVersion = groupBy(processes, 'version');
  if (byVersion.size < 2) return [];
  return [
    'Versions side by side:',
    ...[...byVersion].map(([version, those]) => `  ${version}: ${namesOf(those)}`),
  ];
}

/** One line where all run that of the file, else a line for each. */
function renderConfigurations({ config, processes }: Pick<Status, 'config' | 'processes'>): string[] {
  const byConfig = groupBy(processes, 'config');
  if (byConfig.size === 0) return [];
  const isOne = byConfig.size === 1 && byConfig.has(config);
  if (isOne) return [`Configuration ${config}: in force in all ${count(processes.length)}`];
  const lines = [...byConfig].map(([hash, those]) => {
    return `  ${hash}${hash === config ? ', the file read here' : ''}: ${namesOf(those)}`;
  });
  const head = `Not all processes run the configuration that is read here (${config}). Send them SIGHUP, or restart those that say so:`;
  return [style('yellow', head), ...lines];
}

function groupBy(processes: Status['processes'], field: 'config' | 'version') {
  const groups = new Map<string, Status['processes']>();
  for (const each of processes) groups.set(each[field], [...(groups.get(each[field]) ?? []), each]);
  return groups;
}

function namesOf(processes: Status['processes']): string {
  return processes.map(({ role, host, pid }) => `${role} ${host}/${pid}`).join(', ');
}

function count(processes: number): string {
  return processes === 1 ? '1 process' : `${processes} processes`;
}
