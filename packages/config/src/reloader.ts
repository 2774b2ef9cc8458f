import { setTimeout as sleep } from 'node:timers/promises';
import { type ConfigChange, planReload } from './compare-config.js';
import type { Environment } from './interpolate.js';
import { type Config, type LoadedConfig, loadConfig } from './load-config.js';
import type { ConfigProblem } from './problem.js';

/** What a reload came to, for logs and people. */
export type ReloadOutcome =
  | { outcome: 'refused'; problems: ConfigProblem[] }
  | { outcome: 'unchanged'; hash: string }
  | ({ outcome: 'applied'; hash: string } & ConfigChange)
  /** The configuration is right and could not be applied; the one of before goes on. */
  | { outcome: 'failed'; error: Error };

export type ReloaderOptions = {
  file: string;
  env: Environment;
  /** In force now. */
  config: Config;
  /** Puts another in force; rejects where it could not, and the one of before goes on. */
  apply: (config: Config) => Promise<void>;
  onOutcome: (told: ReloadOutcome) => void;
};

export type Reloader = {
  /** Reads the file, and the files it names, and puts in force what they say. Never rejects. */
  reload(): Promise<void>;
};

/** Editors write in steps: what is read counts as saved once it has not changed for so long. */
const SETTLED_MS = 200;

/** Applies what is saved while a process runs: one reload after the other, and one more for all that came meanwhile. */
export function createReloader(options: ReloaderOptions): Reloader {
  const { file, env, apply, onOutcome } = options;
  let current = options.config;
  let running: Promise<void> | undefined;
  let isAskedAgain = false;

  async function reloadOnce(): Promise<ReloadOutcome> {
    const planned = planReload(current, await loadSettled({ file, env }));
    if (planned.reload === 'refused') return { outcome: 'refused', problems: planned.problems };
    if (planned.reload === 'unchanged') return { outcome: 'unchanged', hash: current.hash };
    const { config, inPlace, needsRestart } = planned;
    try {
      await apply(config);
    } catch (error) {
      return { outcome: 'failed', error: error as Error };
    }
    current = config;
    return { outcome: 'applied', hash: config.hash, inPlace, needsRestart };
  }

  async function reloadAll(): Promise<void> {
    do {
      isAskedAgain = false;
      onOutcome(await reloadOnce());
    } while (isAskedAgain);
  }

  return {
    reload() {
      isAskedAgain = true;
      running ??= reloadAll().finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}

/** Loads a configuration once two looks, a moment apart, see the same in the file and in those that it names. */
export async function loadSettled(source: { file: string; env: Environment }): Promise<LoadedConfig> {
  let before = nameOf(loadConfig(source));
  for (;;) {
    await sleep(SETTLED_MS);
    const loaded = loadConfig(source);
    const now = nameOf(loaded);
    if (now === before) return loaded;
    before = now;
  }
}

function nameOf(loaded: LoadedConfig): string {
  return loaded.ok ? loaded.config.hash : JSON.stringify(loaded.problems);
}
