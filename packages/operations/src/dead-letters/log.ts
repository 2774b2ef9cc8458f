import { type OperatorActionRecord, readDeadLetterLog } from '@meterbridge/queue';
import type { RunningSystem } from '../open.js';
import { destinationsOf } from './walk.js';

/**
 * What was discarded, brought back by an import, or edited: newest first.
 * @throws OperationError (`unknown_destination`)
 */
export async function readLetterLog(
  ops: RunningSystem,
  { destination }: { destination?: string },
): Promise<OperatorActionRecord[]> {
  const names = destinationsOf(destination === undefined ? {} : { destination }, ops);
  const logs = await Promise.all(names.map((name) => readDeadLetterLog(name, ops.redis)));
  return logs.flat().toSorted((one, other) => other.at - one.at);
}
