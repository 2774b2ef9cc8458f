import { beforeAll } from '@jest/globals';
import { type SuiteRedis, useRedis, waitFor, waitForReplica } from '@meterbridge/testing';

/** A master and its replica; which is which changes with each failover. */
export function useReplicatedRedis() {
  const servers: [SuiteRedis, SuiteRedis] = [useRedis(), useRedis()];
  const info = (server: SuiteRedis) => server.connect().info('replication');

  async function master(): Promise<SuiteRedis> {
    const first = await info(servers[0]);
    return first.includes('role:master') ? servers[0] : servers[1];
  }

  async function follow(replica: SuiteRedis, of: SuiteRedis): Promise<void> {
    await replica.connect().call('REPLICAOF', '127.0.0.1', String(of.redis.port));
    await waitForReplica(of.connect());
  }

  beforeAll(() => follow(servers[1], servers[0]));

  return {
    master,
    /** Makes the replica the master, without the loss of a write (`FAILOVER`); resolves to the new one. */
    async failOver(): Promise<SuiteRedis> {
      const before = await master();
      await before.connect().call('FAILOVER');
      await waitFor(async () => (await info(before)).includes('role:slave'), { what: 'the failover' });
      return master();
    },
    /** Makes the replica a master, while the old one goes on as one: what that takes from now on, the new one lacks. */
    async splitOff() {
      const old = await master();
      const next = servers.find((server) => server !== old)!;
      await next.connect().call('REPLICAOF', 'NO', 'ONE');
      return { old, next, rejoin: () => follow(old, next), undo: () => follow(next, old) };
    },
  };
}
