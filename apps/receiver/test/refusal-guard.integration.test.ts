import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { allowPeople, connectProducer, refusePeople } from '@meterbridge/queue';
import { keyCheckOf, refusalTokens } from '@meterbridge/segment-events';
import { useRedis, waitFor } from '@meterbridge/testing';
import { RefusalGuard } from '../src/refusal-guard.js';

const KEY = 'the key of the installation';
const ANN = { userId: 'ann' };
const tokens = refusalTokens(ANN, KEY);

let redis: ReturnType<typeof connectProducer>;
// The client leaves before its Redis does.
afterAll(() => redis.disconnect());
const suite = useRedis();
beforeAll(async () => {
  redis = connectProducer(suite.url, () => {});
  await waitFor(() => redis.status === 'ready', { what: 'a connection' });
});

let guard: RefusalGuard;
let keyInForce: string | undefined;
/** What the guard has said it knows, each time. */
let said: (string | undefined)[];
beforeEach(async () => {
  said = [];
  keyInForce = KEY;
  guard = new RefusalGuard(
    redis,
    async () => said.push(guard.known()),
    () => keyInForce,
  );
});
afterEach(async () => {
  guard.stop();
  await redis.flushall();
});

const refuseAnn = () => refusePeople(redis, tokens, { person: 'p', key: keyCheckOf(KEY), at: 1 }, 0);
const known = async () => `${await redis.hget('meterbridge:refused-people', 'version')}/${keyCheckOf(KEY)}`;

test('knows nothing before it has looked, and then what it is told, on its own', async () => {
  const enter = guard.forKey(KEY);
  expect(guard.known()).toBeUndefined();
  await guard.look();
  expect(guard.known()).toBe(`/${keyCheckOf(KEY)}`);
  const before = enter();
  expect(before.people).toBeNull();
  before.leave();

  await refuseAnn();
  await waitFor(() => enter().people?.isOf(ANN) === true, { what: 'the person to be refused' });
  expect(await allowPeople(redis, tokens, 0)).toBe(3);
  await waitFor(() => enter().people === null, { what: 'the person to be allowed' });
});

test('says that it knows once no request goes by what was before', async () => {
  await guard.look();
  const enter = guard.forKey(KEY);
  const [first, second] = [enter(), enter()];
  said.length = 0;
  await refuseAnn();
  await guard.look();
  const third = enter();
  expect([first.people, third.people?.isOf(ANN)]).toEqual([null, true]);
  first.leave();
  expect([guard.known(), said]).toEqual([undefined, []]);
  second.leave();
  expect([guard.known(), said]).toEqual([await known(), [await known()]]);
  third.leave();
  expect(said).toHaveLength(1);
});

test('what a request goes by counts no more once Redis was away, before the first look, or under another key', async () => {
  const enter = guard.forKey(KEY);
  const early = enter();
  await guard.look();
  // Somebody may be refused since long.
  expect([early.isCurrent(), enter().isCurrent()]).toEqual([false, true]);

  const before = enter();
  await suite.connect().client('KILL', 'ID', await redis.client('ID'));
  await waitFor(() => !before.isCurrent(), { what: 'the end of the connection' });
  const meanwhile = enter();
  await waitFor(() => redis.status === 'ready', { what: 'another connection' });
  await guard.look();
  expect([before, meanwhile, enter()].map(({ isCurrent }) => isCurrent())).toEqual([false, false, true]);

  const lease = enter();
  keyInForce = 'another key';
  expect(lease.isCurrent()).toBe(false);
});

test('under another key it refuses nobody, and says whose tokens it cannot use', async () => {
  await refuseAnn();
  await guard.look();
  expect(guard.forKey('another key')().people?.isOf(ANN)).toBe(false);
  expect(guard.forKey(undefined)().people).toBeNull();
  const counts = [KEY, 'another key', undefined].map((key) => {
    keyInForce = key;
    return guard.countOfOtherKeys();
  });
  expect(counts).toEqual([0, 3, 3]);
  keyInForce = 'another key';
  expect(guard.known()).not.toBe(await known());
});

test('a thousand people are read in pages', async () => {
  const many = Array.from({ length: 1_000 }, (_, index) =>
    refusalTokens({ userId: `u${index}` }, KEY),
  ).flat();
  await refusePeople(redis, many, { person: 'p', key: keyCheckOf(KEY), at: 1 }, 0);
  await guard.look();
  const { people } = guard.forKey(KEY)();
  expect([0, 499, 999, 1_000].map((index) => people!.isOf({ userId: `u${index}` }))).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
