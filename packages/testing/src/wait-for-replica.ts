import type { Redis } from 'ioredis';
import { waitFor } from './wait-for.js';

/**
 * Resolves once what is written to this master is on a replica in time. For a second after the replica says that the
 * link is up the master does not count it, and WAIT finds none.
 */
export async function waitForReplica(master: Redis): Promise<void> {
  const isWritten = async () => {
    await master.incr('meterbridge:nothing');
    return (await master.wait(1, 500)) === 1;
  };
  await waitFor(isWritten, { what: 'the replica' });
}
