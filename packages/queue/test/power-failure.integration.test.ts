import { cp, mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Outcome } from '@meterbridge/delivery';
import { type LocalRedis, startLocalRedis } from '@meterbridge/local-redis';
import { type SuiteRedis, useClosing, waitFor } from '@meterbridge/testing';
import { connectConsumer, readAccount, readAudit } from '../src/index.js';
import { makeLines } from './pipeline-line.js';
import { type RedisWay, useRedisWays } from './redis-way.js';

/*
 * A machine that loses its power loses what its Redis had not brought to disk: the end of the append-only file.
 */

const closing = useClosing();
let way: RedisWay;
const open = makeLines(() => ({ url: way.url }) as SuiteRedis, { batchSize: 100 });
const openWay = useRedisWays();
let dataDir: string;
let redis: LocalRedis;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meterbridge-test-power-'));
  redis = await startLocalRedis({ dataDir, appendfsync: 'everysec' });
  way = await openWay(redis.port);
});

afterAll(async () => {
  await redis.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** The file that writes are appended to. */
async function logOf(folder: string): Promise<string> {
  const files = await readdir(join(folder, 'appendonlydir'));
  return join(
    folder,
    'appendonlydir',
    files
      .filter((file) => file.endsWith('.incr.aof'))
      .toSorted()
      .at(-1)!,
  );
}

const refused: Outcome = { outcome: 'failed', code: 'refused', status: 422, detail: 'no such code' };
const failed: Outcome = { outcome: 'failed', code: 'timeout' };

test('a settlement that was answered and is lost is made again', async () => {
  let attempts = 0;
  let before = 0;
  let isOver = false;
  const fail = async () => {
    way.refuse(true);
    await redis.kill('SIGKILL');
    await truncate(await logOf(dataDir), before);
    await redis.restart();
    way.refuse(false);
    isOver = true;
  };
  const line = await open(async (deliveries) => {
    attempts += 1;
    if (attempts === 1) {
      before = (await stat(await logOf(dataDir))).size;
      way.afterAnswer(/settled|ended/, fail);
    }
    return deliveries.map((_, index): Outcome => (index < 10 ? refused : { outcome: 'delivered' }));
  });
  await line.write(100);
  const client = connectConsumer(way.url, () => {});
  const worker = line.start({ redis: client, lockMs: 1_000 });
  closing.push(async () => {
    await worker.close();
    client.disconnect();
  });
  await waitFor(() => isOver, { what: 'the power failure' });
  expect(await line.settled()).toMatchObject({ accepted: 100, delivered: 90, dead: 10, difference: 0 });
  expect(attempts).toBe(2);
});

/** Where a cut hurts most: behind each command, and in the middle of some. */
function cutsOf(log: Buffer, most: number): number[] {
  const ends: number[] = [];
  for (let at = log.indexOf('\r\n*'); at >= 0; at = log.indexOf('\r\n*', at + 1)) ends.push(at + 2);
  const every = Math.max(1, Math.ceil(ends.length / most));
  return ends.filter((_, index) => index % every === 0).map((end, index) => end + (index % 3 === 0 ? 7 : 0));
}

test('wherever the file is cut, what is left adds up', async () => {
  const line = await open(async (deliveries) =>
    deliveries.map(({ tries }, index): Outcome => {
      if (index % 10 === 0) return refused;
      return index % 3 === 0 && (tries?.attempts ?? 0) < 2 ? failed : { outcome: 'delivered' };
    }),
  );
  const from = (await stat(await logOf(dataDir))).size;
  const worker = line.start();
  await Promise.all([line.write(120), line.write(80, ['usage', 'seats']), line.write(3, [])]);
  await line.settled();
  await worker.close();
  const file = await logOf(dataDir);
  const log = await readFile(file);
  const cuts = cutsOf(log.subarray(from), 40).map((cut) => from + cut);
  expect(cuts.length).toBeGreaterThan(20);

  const differences: number[] = [];
  const accepted = new Set<number>();
  for (const cut of cuts) {
    const copy = await mkdtemp(join(tmpdir(), 'meterbridge-test-power-'));
    await cp(join(dataDir, 'appendonlydir'), join(copy, 'appendonlydir'), { recursive: true });
    await truncate(await logOf(copy), cut);
    const server = await startLocalRedis({ dataDir: copy, ephemeral: true });
    const client = connectConsumer(server.url, () => {});
    const account = await readAccount(line.destination, client);
    accepted.add(account.accepted);
    for (const { difference } of [account, ...(await readAudit(line.destination, client))]) {
      differences.push(difference);
    }
    client.disconnect();
    await server.stop();
  }
  expect(new Set(differences)).toEqual(new Set([0]));
  // Some cuts were before the end, in the midst of it all.
  expect(accepted.size).toBeGreaterThan(1);
});
