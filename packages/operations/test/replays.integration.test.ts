import { expect, test } from '@jest/globals';
import {
  connectConsumer,
  connectProducer,
  createReplay,
  DeliveryWriter,
  findReplay,
  RECEIVER,
  type RejectedEvent,
  readAccount,
  readDeadLetters,
  ShardReplay,
  streamIdOf,
} from '@meterbridge/queue';
import { makePayloads, useClosing, useRedis, waitFor } from '@meterbridge/testing';
import type { Letter, LetterEntry } from '../src/dead-letters/letter.js';
import { openOperations } from '../src/open.js';
import { compilePipeline } from '../src/pipeline/pipeline.js';
import { Batch } from '../src/replay/batch.js';
import { compileJudge } from '../src/replay/judge-letter.js';
import { startReplayRunner } from '../src/replay/run-replays.js';
import { configWith } from './config.js';

const closing = useClosing();
const suite = useRedis();

/** Letters of the receiver that are Segment events by the configuration of now. */
async function reject(count: number): Promise<LetterEntry[]> {
  const redis = connectProducer(suite.url, () => {});
  closing.push(() => redis.disconnect());
  await waitFor(() => redis.status === 'ready', { what: 'the connection' });
  const { aTrack } = makePayloads('rejected');
  const rejected = Array.from(
    { length: count },
    (): RejectedEvent => ({
      source: 'backend',
      via: 'tracking',
      reason: 'too_old',
      detail: 'too old',
      raw: aTrack({ event: 'API Call', properties: { tokens: 1, model: 'small' } }),
      receivedAt: new Date().toISOString(),
    }),
  );
  await new DeliveryWriter({ redis, destinations: [] }).commit([], rejected);
  const letters: LetterEntry[] = [];
  for await (const entry of readDeadLetters<Letter>(RECEIVER, redis)) letters.push(entry);
  return letters;
}

test("a worker killed between two destinations of the receiver's letters: neither gets them twice", async () => {
  const all = 700;
  const letters = await reject(all);
  const config = configWith(suite.url);
  const judge = compileJudge(compilePipeline(config));
  const redis = connectConsumer(suite.url, () => {});
  closing.push(() => redis.disconnect());
  // What a worker has done that is killed there: the first three hundred are on the queue of one of two.
  const batch = new Batch('');
  for (const entry of letters.slice(0, 300)) batch.add(entry, judge(entry, '1'), false);
  const id = await createReplay(redis, {
    by: 'a test',
    what: { filter: {}, pace: {}, includeFailing: false, planned: all },
    lanes: [{ destination: RECEIVER, through: streamIdOf(letters.at(-1)!.id) }],
  });
  const lane = new ShardReplay('lago', id, redis);
  expect(await lane.apply(batch.addStep('lago', new Set(), 400_000)!)).toBe(true);
  await lane.close();
  expect(await readAccount('lago', redis)).toMatchObject({ accepted: 300, difference: 0 });

  const runner = startReplayRunner({
    redis,
    destinations: () => ['lago', 'hyperline'],
    open: () => openOperations(config, { actor: 'a worker', scrub: (text) => text }),
  });
  closing.push(() => runner.stop());
  await waitFor(async () => (await findReplay(redis, id))?.state === 'done', { what: 'its end' });
  for (const name of ['lago', 'hyperline']) {
    expect(await readAccount(name, redis)).toMatchObject({ accepted: all, inFlight: all, difference: 0 });
  }
  expect(await readAccount(RECEIVER, redis)).toMatchObject({ accepted: 0, dead: 0, difference: 0 });
});
