import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { AuditLine, Balance } from '@meterbridge/queue';
import { useClosing, useRedis, waitFor } from '@meterbridge/testing';
import { beginSpool, nextSpool } from '../../../packages/receipts/src/store.js';
import { HOUR_MS, makeStore, START, settled } from '../../../packages/receipts/test/a-store.js';
import { expireLocks } from './expire-locks.js';
import { makeTracks, postBatch, sendAll } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);
const closing = useClosing();

const MENDED = CONFIG.replace('as: number }', 'as: number, default: 0 }');

type Line = Omit<AuditLine, 'hour'> & { hour: string | null };
type Audit = { balanced: boolean; total: Balance; lines: Line[]; unbalanced: Line[] };

/** One document and the exit code; every line of it adds up to its own difference. */
async function audit(stack: Stack, ...args: string[]): Promise<Audit & { code: number | null }> {
  const { code, output } = await stack.cli('audit', '--json', ...args);
  const found = JSON.parse(output) as Audit;
  for (const { accepted, delivered, duplicate, filtered, dead, inFlight, difference } of found.lines) {
    expect(accepted - delivered - duplicate - filtered - dead - inFlight).toBe(difference);
  }
  return { code, ...found };
}

/** Sums of the lines, by destination. */
function byDestination(lines: Line[]): Record<string, Partial<Balance>> {
  const sums: Record<string, Record<string, number>> = {};
  for (const { destination, hour, source, ...counts } of lines) {
    const sum = sums[destination] ?? {};
    sums[destination] = sum;
    for (const [count, by] of Object.entries(counts)) sum[count] = (sum[count] ?? 0) + by;
  }
  return sums;
}

test('says for each destination, source and hour what became of what was accepted', async () => {
  const stack = await stacks.open();
  const empty = await stack.cli('audit');
  expect([empty.code, empty.output]).toEqual([0, expect.stringContaining('Nothing was accepted')]);

  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, makeTracks(40));
  await sendAll(receiver.url, makeTracks(7, { event: 'Other' }));
  await sendAll(receiver.url, makeTracks(5, { properties: { model: 'small', subscription_id: 'sub-1' } }));
  await sendAll(receiver.url, makeTracks(3, { type: 'unheard of' }));
  await waitFor(async () => (await stack.account()).filtered === 7, { what: 'the filtered events' });

  const waiting = await audit(stack);
  expect(byDestination(waiting.lines)).toMatchObject({
    lago: { accepted: 52, filtered: 7, inFlight: 45, difference: 0 },
    hyperline: { accepted: 52, inFlight: 52, difference: 0 },
    receiver: { accepted: 3, dead: 3, difference: 0 },
  });
  expect(new Set(waiting.lines.map(({ source }) => source))).toEqual(new Set(['backend']));
  expect(waiting.lines.every(({ hour }) => /^\d{4}-\d\d-\d\dT\d\d:00Z$/.test(hour!))).toBe(true);
  expect(waiting).toMatchObject({ code: 0, balanced: true, unbalanced: [] });

  const late = await stack.cli('audit', '--wait', '1');
  expect([late.code, late.output]).toEqual([1, expect.stringContaining('still 97 deliveries in flight')]);

  await stack.startReady('worker');
  const settled = await audit(stack, '--wait', '30');
  expect(settled).toMatchObject({ code: 0, balanced: true, total: { accepted: 107, inFlight: 0 } });
  expect(byDestination(settled.lines)).toMatchObject({
    lago: { accepted: 52, delivered: 40, filtered: 7, dead: 5 },
    hyperline: { accepted: 52, delivered: 52 },
  });
  const table = await stack.cli('audit', '--by', 'destination');
  expect(table.code).toBe(0);
  expect(table.output).toMatch(/lago +52 +40 +0 +7 +5 +0 +0$/m);
  expect(table.output).toMatch(/total +107 /);
  expect(table.output).toContain('It adds up');
});

test('looks only at what is asked for, and refuses names and times that mean nothing', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, makeTracks(10));
  const accepted = async (...args: string[]) => (await audit(stack, ...args)).total.accepted;
  expect(await accepted('--destination', 'lago', '--source', 'backend', '--since', '24h')).toBe(10);
  expect(await accepted('--since', '2100-01-01')).toBe(0);
  for (const [args, code, said] of [
    [['--source', 'bakcend'], 1, 'no source bakcend; there are backend'],
    [['--destination', 'lgao'], 1, 'no destination lgao; there are lago, hyperline, receiver'],
    [['--since', 'yesterday'], 2, '24h'],
    [['--by', 'rule'], 2, 'hour, source, destination'],
  ] as const) {
    const refused = await stack.cli('audit', ...args);
    expect([refused.code, refused.output]).toEqual([code, expect.stringContaining(said)]);
  }
});

test('what is accepted after it began is not waited for', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, makeTracks(5));
  const looks = async () =>
    Number(/cmdstat_eval:calls=(\d+)/.exec(await stack.redis.info('commandstats'))?.[1] ?? 0);
  const before = await looks();
  const waiting = stack.start('cli', ['audit', '--wait', '60', '--json']);
  // Three places in one look.
  await waitFor(async () => (await looks()) >= before + 3, { what: 'a look' });
  // As if those of before were settled, and others had come.
  for (const name of ['lago', 'hyperline']) {
    const [job] = await stack.redis.lrange(`meterbridge:{${name}}:deliveries:wait`, 0, 0);
    await stack.redis.hset(`meterbridge:{${name}}:deliveries:${job}`, 'timestamp', Date.now() + 1_000);
  }
  expect(await waiting.exited).toMatchObject({ code: 0 });
  expect(JSON.parse(waiting.output())).toMatchObject({ balanced: true, total: { inFlight: 10 } });
});

test('the books are held against the ledger where they are on this machine', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, makeTracks(5));
  stack.env.RECEIPTS_DIRECTORY = join(stack.env.METERBRIDGE_CONFIG!, '..', 'elsewhere');
  const elsewhere = await stack.cli('audit');
  expect([elsewhere.code, elsewhere.output]).toEqual([
    0,
    expect.stringContaining('The books were not asked. '),
  ]);

  // An hour that is over, of which the books lack one; and the hour that goes on.
  const { dir, remove } = await makeStore(['lago', 'hyperline']);
  closing.push(remove);
  stack.env.RECEIPTS_DIRECTORY = dir;
  const hour = START / HOUR_MS + 1;
  for (const counter of ['accepted', 'delivered']) {
    await stack.redis.hincrby('meterbridge:{lago}:ledger', counter, 3);
    await stack.redis.hincrby('meterbridge:{lago}:hours', `${hour}/backend/${counter}`, 3);
  }
  const place = { dir, shard: 'lago' };
  const spool = await beginSpool({ ...place, spool: await nextSpool(place) });
  const at = START + HOUR_MS;
  await spool.append([
    settled(`${START}-1`, 'job', [
      { id: 'a', at },
      { id: 'b', at },
    ]),
  ]);
  await spool.close();
  const until = new Date(at + 1).toISOString();
  const differing = await stack.cli('audit', '--json', '--until', until);
  expect(differing.code).toBe(1);
  expect(JSON.parse(differing.output)).toMatchObject({
    balanced: true,
    lines: [{ books: { state: 'differs', missing: 1 } }],
    unbooked: [{ destination: 'lago', source: 'backend' }],
  });
  const text = await stack.cli('audit', '--destination', 'lago');
  expect(text.output).toMatch(/ 3 +3 .* differs\n.* 5 +0 .* open\n/);
  expect(text.output).toContain('deliveries: 1 missing');
});

test('a lost job ends it with 1, says which hour, and is a metric; a removed destination is looked at, too', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, makeTracks(20));
  const [job] = await stack.redis.lrange('meterbridge:{lago}:deliveries:wait', 0, 0);
  await stack.redis.lrem('meterbridge:{lago}:deliveries:wait', 1, job!);
  // Nobody remembers the destination but Redis.
  const withoutLago = CONFIG.replace(/ {2}- name: lago[\s\S]*(?= {2}- name: hyperline)/, '');
  expect(withoutLago).not.toContain('lago');
  await stack.writeConfig(withoutLago);

  const found = await audit(stack);
  expect(found).toMatchObject({ code: 1, balanced: false, total: { difference: 20 } });
  expect(found.unbalanced).toMatchObject([{ destination: 'lago', source: 'backend', difference: 20 }]);
  const told = await stack.cli('audit', '--by', 'hour');
  expect(told.code).toBe(1);
  expect(told.output).toContain(`lago, from backend, accepted in the hour of ${found.unbalanced[0]!.hour}`);
  expect(told.output).toContain('20 were accepted and are nowhere');
  expect((await stack.cli('audit', '--destination', 'hyperline')).code).toBe(0);

  await stack.writeConfig(CONFIG);
  const worker = await stack.startReady('worker');
  const metrics = await (await fetch(`${worker.url}/metrics`)).text();
  expect(metrics).toContain('meterbridge_account_difference{destination="lago"} 20');
  expect(metrics).toContain('meterbridge_account_difference{destination="receiver"} 0');
});

test('adds up while events come, and workers are killed, in the middle of a replay, too', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const killed = await stack.startReady('worker');
  const broken = { properties: { model: 'small', subscription_id: 'sub-1' } };
  const sending = sendAll(receiver.url, [...makeTracks(6_000, broken), ...makeTracks(2_000)]);
  await waitFor(async () => (await stack.account()).dead > 500, { what: 'dead letters' });
  killed.process.signal('SIGKILL');
  await killed.process.exited;
  expect(await audit(stack)).toMatchObject({ code: 0, balanced: true });
  await sending;
  await expireLocks(stack.redis);
  const next = await stack.startReady('worker');
  await waitFor(async () => (await stack.account()).dead === 6_000, {
    what: 'all dead letters',
  });
  next.process.signal('SIGTERM');
  expect(await next.process.exited).toMatchObject({ code: 0 });

  await stack.writeConfig(MENDED);
  const replaying = await stack.startReady('worker');
  const replay = stack.start('cli', ['dead-letters', 'replay', '--all', '--yes', '--rate', '2000']);
  await waitFor(async () => (await stack.account()).dead < 6_000, { what: 'the replay to begin' });
  replaying.process.signal('SIGKILL');
  await replaying.process.exited;
  const half = await audit(stack, '--destination', 'lago');
  expect(half).toMatchObject({ code: 0, balanced: true, total: { accepted: 8_000 } });
  expect(half.total.dead).toBeGreaterThan(0);

  await expireLocks(stack.redis);
  await stack.startReady('worker');
  expect(await replay.exited).toMatchObject({ code: 0 });
  const done = await audit(stack, '--wait', '90', '--destination', 'lago');
  expect(done).toMatchObject({ code: 0, balanced: true, total: { accepted: 8_000, dead: 0, inFlight: 0 } });
  expect(done.total.delivered + done.total.duplicate).toBe(8_000);
});

test('a receiver letter that is replayed leaves the receiver and is accepted by the destinations', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const future = makeTracks(4, { timestamp: new Date(Date.now() + 3_600_000).toISOString() });
  expect((await postBatch(receiver.url, future)).status).toBe(200);
  expect(byDestination((await audit(stack)).lines)).toMatchObject({ receiver: { accepted: 4, dead: 4 } });
  await stack.writeConfig(`${CONFIG}receiver: { maxEventFutureMinutes: 120 }\n`);
  await stack.startHeld();
  const replayed = await stack.cli('dead-letters', 'replay', '--all', '--yes', '--json');
  expect(JSON.parse(replayed.output)).toMatchObject({ replay: { replayed: 4, deliveries: 8, inFlight: 8 } });
  const { code, lines } = await audit(stack);
  expect(code).toBe(0);
  expect(byDestination(lines)).toMatchObject({
    lago: { accepted: 4, inFlight: 4 },
    hyperline: { accepted: 4 },
  });
  expect(byDestination(lines)).not.toHaveProperty('receiver');
});

test('does not wait for ever for a Redis that went away', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, makeTracks(1));
  const looks = async () =>
    Number(/cmdstat_eval:calls=(\d+)/.exec(await stack.redis.info('commandstats'))?.[1] ?? 0);
  const before = await looks();
  const waiting = stack.start('cli', ['audit', '--wait', '2']);
  // Three places in one look.
  await waitFor(async () => (await looks()) >= before + 3, { what: 'a look' });
  await suite.redis.kill('SIGKILL');
  expect(await waiting.exited).toMatchObject({ code: 1 });
  expect(waiting.output()).toContain('Redis does not answer');
  await suite.redis.restart();
});
