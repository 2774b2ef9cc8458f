import { expect, test } from '@jest/globals';
import { StoreUnavailableError } from '@meterbridge/queue';
import { insist } from './durable-writer.js';

const away = () => Promise.reject(new StoreUnavailableError('Redis takes no write'));

test('what waits for Redis is stopped by its caller, and says that it is not certain', async () => {
  const stop = new AbortController();
  const told: (string | null)[] = [];
  const waiting = insist(away, {
    signal: stop.signal,
    onWait: (why) => {
      told.push(why);
      stop.abort();
    },
  });
  await expect(waiting).rejects.toMatchObject({ code: 'not_certain' });
  expect(told).toEqual(['Redis takes no write']);
});

test('it goes on once Redis takes it', async () => {
  let tries = 0;
  const told: (string | null)[] = [];
  const act = () => (tries++ === 0 ? away() : Promise.resolve('done'));
  expect(await insist(act, { onWait: (why) => told.push(why) })).toBe('done');
  expect(told).toEqual(['Redis takes no write', null]);
});
