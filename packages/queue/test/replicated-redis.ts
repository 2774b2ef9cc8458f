import { beforeAll } from '@jest/globals';
import { type SuiteRedis, useRedis, waitFor } from '@meterbridge/testing';

/** A master and its replica; which is which changes with each failover. */
export function useReplicatedRedis() {
  const servers: [SuiteRedis, SuiteRedis] = [useRedis(), useRedis()];
  const info = (server: SuiteRedis) => server.connect().info('replication');

  async function master(): Promise<SuiteRedis> {
    const first = await info(servers[0]);
    return first.includes('role:master') ? servers[0] : servers[1];
  }

  beforeAll(async () => {
    await servers[1].connect().call('REPLICAOF', '127.0.0.1', String(servers[0].redis.port));
    await waitFor(async () => (await info(servers[1])).includes('master_link_status:up'), {
      what: 'the replica',
    });
  });

  return {
    master,
    /** Makes the replica the master, without the loss of a write (`FAILOVER`); resolves to the new one. */
    async failOver(): Promise<SuiteRedis> {
      const before = await master();
      await before.connect().call('FAILOVER');
      await waitFor(async () => (await info(before)).includes('role:slave'), { what: 'the failover' });
      return master();
    },
  };
}
