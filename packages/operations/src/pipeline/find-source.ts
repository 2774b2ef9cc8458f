import type { Config, Source } from '@meterbridge/config';
import { OperationError } from '../operation-error.js';

/** The source of a name, or the first. @throws OperationError (`unknown_source`) for one that there is not */
export function findSource(config: Config, name: string | undefined): Source {
  const found = name === undefined ? config.sources[0] : config.sources.find((each) => each.name === name);
  if (found) return found;
  throw new OperationError(
    'unknown_source',
    `no source ${name}; there are ${config.sources.map((each) => each.name).join(', ')}`,
  );
}
