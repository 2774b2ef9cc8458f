import type { Logger } from './create-logger.js';

/** What a reload of the configuration came to. Keys and problems name no value. */
export type ReloadTold =
  | { outcome: 'refused'; problems: readonly { path: readonly (string | number)[]; message: string }[] }
  | { outcome: 'unchanged'; hash: string }
  | { outcome: 'applied'; hash: string; inPlace: readonly string[]; needsRestart: readonly string[] }
  | { outcome: 'failed'; error: Error };

/** Logs what a reload came to. */
export function tellReload(logger: Logger, told: ReloadTold): void {
  switch (told.outcome) {
    case 'applied':
      logger.info({ config: told.hash, keys: told.inPlace }, 'config.applied');
      if (told.needsRestart.length > 0) logger.warn({ keys: told.needsRestart }, 'config.needs_restart');
      break;
    case 'unchanged':
      logger.info({ config: told.hash }, 'config.unchanged');
      break;
    case 'refused':
      logger.error({ problems: told.problems }, 'config.refused');
      break;
    case 'failed':
      logger.error({ err: told.error }, 'config.not_applied');
      break;
  }
}
