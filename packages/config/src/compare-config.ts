import type { Config, LoadedConfig } from './load-config.js';
import type { ConfigProblem } from './problem.js';

/** What differs between two configurations, by key; no value is shown. */
export type ConfigChange = {
  /** Applies while the process runs. */
  inPlace: string[];
  /** Applies with the next start only. */
  needsRestart: string[];
};

/** What connections and ports are made of: a process has it from its start to its end. */
const FOR_LIFE = ['redis', 'receipts', 'receiverHost', 'ports', 'logLevel'] as const;

/** Marks the name of a configuration of which a process runs all but what needs a restart. */
const PARTLY = '-needs-restart';

/** Says which keys differ, and which of them need a restart. Pure. */
export function compareConfig(before: Config, after: Config): ConfigChange {
  const [old, now] = [keysOf(before), keysOf(after)];
  const changed = [...new Set([...old.keys(), ...now.keys()])].filter((key) => old.get(key) !== now.get(key));
  const isForLife = (key: string) => FOR_LIFE.some((each) => key === each || key.startsWith(`${each}.`));
  return {
    inPlace: changed.filter((key) => !isForLife(key)),
    needsRestart: changed.filter(isForLife),
  };
}

/** What a reload comes to. */
export type PlannedReload =
  /** Nothing of it is applied. */
  | { reload: 'refused'; problems: ConfigProblem[] }
  /** It is the one in force. */
  | { reload: 'unchanged' }
  | ({ reload: 'apply'; config: Config } & ConfigChange);

/** Decides what becomes of a configuration that was read while another is in force. Pure. */
export function planReload(current: Config, loaded: LoadedConfig): PlannedReload {
  if (!loaded.ok) return { reload: 'refused', problems: loaded.problems };
  const change = compareConfig(current, loaded.config);
  const { hash } = loaded.config;
  const config: Config = {
    ...loaded.config,
    hash: change.needsRestart.length > 0 ? `${hash}${PARTLY}` : hash,
    redis: current.redis,
    receipts: current.receipts,
    receiverHost: current.receiverHost,
    ports: current.ports,
    logLevel: current.logLevel,
  };
  return config.hash === current.hash ? { reload: 'unchanged' } : { reload: 'apply', config, ...change };
}

/** Every setting by its key, as text to compare: sources and destinations by their names, each field apart. */
function keysOf(config: Config): Map<string, string> {
  const keys = new Map<string, string>();
  for (const part of ['receiver', 'retry', 'redis', 'ports'] as const) addFields(part, config[part], keys);
  addFields('receipts', config.receipts ?? {}, keys);
  for (const part of ['receiverHost', 'logLevel'] as const) keys.set(part, config[part]);
  keys.set('privacyKey', config.privacyKey ?? '');
  for (const source of config.sources) addFields(`sources.${source.name}`, source, keys);
  for (const each of config.destinations) addFields(`destinations.${each.name}`, each, keys);
  return keys;
}

function addFields(prefix: string, fields: object, keys: Map<string, string>): void {
  for (const [field, value] of Object.entries(fields)) {
    // What is compiled follows from what is written beside it.
    if (typeof value !== 'function' && value !== undefined && field !== 'name')
      keys.set(`${prefix}.${field}`, JSON.stringify(value));
  }
}
