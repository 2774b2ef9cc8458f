import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectConsumer, importDeadLetters, RECEIVER } from '@meterbridge/queue';
import { useRedis } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { countGroups } from '../src/dead-letters/count.js';
import type { Grouping } from '../src/dead-letters/groupings.js';
import { countLetters } from '../src/dead-letters/page.js';
import type { Operations } from '../src/open.js';

const DAY_MS = 86_400_000;
const RUN = { run: '1', what: 'restored', by: 'ops' } as const;

let redis: Redis;
let ops: Operations;
// The client leaves before its Redis does.
afterAll(() => redis.disconnect());
const suite = useRedis();
beforeAll(() => {
  redis = connectConsumer(suite.url, () => {});
  ops = { redis, names: ['lago', 'many', RECEIVER], customerOf: () => undefined } as unknown as Operations;
});

const aLetter = (destination: string, day: number, number: number, reason: string, rule: string) => ({
  id: `${destination}/${day * DAY_MS + number}-0`,
  reason,
  bucket: '400000/web',
  letter: { rule, source: 'web', event: {}, tries: { lastCode: reason } },
});

const walked = async (filter: object, by: Grouping[]) =>
  (await countLetters(ops, filter, by)).groups.map(({ key, letters }) => ({ key, letters }));

test('counts that are kept say the same as a walk over all letters', async () => {
  const letters = Array.from({ length: 30 }, (_, index) =>
    aLetter('lago', 20_000 + (index % 3), index, index % 5 < 2 ? 'refused' : 'unmapped', `rule-${index % 7}`),
  );
  await importDeadLetters('lago', redis, letters, RUN);
  await importDeadLetters('lago@1', redis, [aLetter('lago@1', 20_001, 99, 'refused', 'rule-1')], RUN);
  const bySize = (groups: { key: object; letters: number }[]) =>
    groups.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  const filters = [{}, { destination: 'lago' }, { reason: 'refused' }, { rule: 'rule-1' }];
  const groupings: Grouping[][] = [['reason'], ['rule'], ['destination', 'rule', 'day'], ['source']];
  for (const filter of filters) {
    for (const by of groupings) {
      const counted = await countGroups(ops, filter, by);
      expect(bySize(counted)).toEqual(bySize(await walked(filter, by)));
      expect(counted.map(({ letters }) => letters)).toEqual(
        counted.map(({ letters }) => letters).toSorted((one, other) => other - one),
      );
    }
  }
  expect(await countGroups(ops, { source: 'web' }, ['reason'])).toEqual(
    await walked({ source: 'web' }, ['reason']),
  );
});

test('letters that a day tells apart no more are walked over', async () => {
  const letters = Array.from({ length: 210 }, (_, index) =>
    aLetter('many', 20_000, index, 'refused', `rule-${index}`),
  );
  await importDeadLetters('many', redis, letters, RUN);
  const counted = await countGroups(ops, { destination: 'many' }, ['rule']);
  expect(counted).toHaveLength(210);
  expect(await countGroups(ops, { destination: 'many', rule: 'rule-209' }, ['reason'])).toEqual([
    { key: { reason: 'refused' }, letters: 1 },
  ]);
});
