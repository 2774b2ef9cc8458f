import { setTimeout as sleep } from 'node:timers/promises';
import { readDeadLetters } from '@meterbridge/queue';
import { addToBoth, clearBoth } from '../both-apis.js';
import { TIMEOUT_MS } from '../config.js';
import { idOf } from '../load/load.js';
import { EXPECTED } from '../load/make-event.js';
import type { Scenario, Scene } from '../scenario.js';

/** A BullMQ worker with five attempts and exponential backoff from a second gives up after about 15 of them. */
const DOWN_MS = 36_000;

export const apiDown: Scenario = {
  name: 'api-down',
  what: 'both APIs are away for 36 s: connections refused, then 503, then no answer at all',
  seconds: 40,
  kills: 10,
  async trouble({ stage: { sandbox, workers } }) {
    const links = workers.map(({ apiLink }) => apiLink);
    for (const link of links) link.refuse(true);
    await sleep(DOWN_MS / 3);
    for (const link of links) link.refuse(false);
    addToBoth(sandbox, { times: 'always', respond: { status: 503, body: 'no healthy upstream' } });
    await sleep(DOWN_MS / 3);
    clearBoth(sandbox);
    addToBoth(sandbox, { times: 'always', hang: true });
    await sleep(DOWN_MS / 3);
    clearBoth(sandbox);
  },
};

export const rateLimits: Scenario = {
  name: 'rate-limits',
  what: 'six of ten requests are answered 429, in the headers of each API',
  seconds: 20,
  kills: 8,
  async trouble({ stage, random }) {
    const seed = Math.ceil(random() * 1e6);
    const storm = { times: 'always', rate: 0.6, seed } as const;
    stage.sandbox.lago.faults.add({
      ...storm,
      respond: {
        status: 429,
        headers: { 'X-RateLimit-Limit': '100', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '1' },
        body: { status: 429, error: 'Too Many Requests', code: 'too_many_requests' },
      },
    });
    stage.sandbox.hyperline.faults.add({
      ...storm,
      respond: {
        status: 429,
        headers: {
          'Retry-After': '1',
          'X-RateLimit-Limit': '500',
          'X-RateLimit-Remaining': '0',
          'X-RateLimit-Reset': new Date(Date.now() + 2_000).toISOString(),
        },
        body: 'Too many requests',
      },
    });
  },
};

export const answersLost: Scenario = {
  name: 'answers-lost',
  what: 'one in three requests is stored, and then times out or loses its connection',
  seconds: 20,
  kills: 8,
  async trouble({ stage, random }) {
    const seed = Math.ceil(random() * 1e6);
    addToBoth(
      stage.sandbox,
      { rate: 0.15, seed, afterStoring: true, delayMs: TIMEOUT_MS + 500 },
      { rate: 0.2, seed: seed + 1, afterStoring: true, cut: 'before' },
    );
  },
};

export const answersCut: Scenario = {
  name: 'answers-cut',
  what: 'answers end in their midst, connections close without one, and some are a web page',
  seconds: 20,
  kills: 8,
  async trouble({ stage, random }) {
    const seed = Math.ceil(random() * 1e6);
    addToBoth(
      stage.sandbox,
      { rate: 0.15, seed, cut: 'mid-response' },
      { rate: 0.1, seed: seed + 1, cut: 'before' },
      { rate: 0.1, seed: seed + 2, respond: { status: 200, body: '<!doctype html><title>Welcome</title>' } },
      { rate: 0.1, seed: seed + 3, respond: { status: 502, body: '' } },
    );
  },
};

export const slow: Scenario = {
  name: 'slow',
  what: 'every answer takes 0.8 s, some nearly as long as the timeout',
  seconds: 20,
  kills: 8,
  async trouble({ stage, random }) {
    const seed = Math.ceil(random() * 1e6);
    addToBoth(
      stage.sandbox,
      { rate: 0.1, seed, delayMs: TIMEOUT_MS - 100 },
      { times: 'always', delayMs: 800 },
    );
  },
};

const REFUSED = 20;

export const refused: Scenario = {
  name: 'refused',
  what: `${REFUSED} events are refused by Lago without a word on which of a batch it is`,
  seconds: 15,
  kills: 6,
  // Those of its own are waited for by their number.
  without: ['refused'],
  async trouble({ stage, load, expected, random }) {
    const numbers = new Set<number>();
    while (numbers.size < REFUSED) {
      const n = Math.floor(random() * load.kinds.length);
      if (load.kinds[n] === 'usage') numbers.add(n);
    }
    for (const n of numbers) {
      expected.set(n, { ...EXPECTED.usage, lago: 'dead:refused' });
      stage.sandbox.lago.faults.add({
        times: 'always',
        match: { containsKey: idOf(load.options.prefix, n) },
        respond: { status: 422, body: { status: 422, error: 'Unprocessable Entity' } },
      });
    }
    // They are refused until the last of them is settled.
    await load.done;
    await untilDead(stage, REFUSED, load.options.prefix);
  },
};

/** Waits for so many events, two minutes at most: what is missing then is found when all is verified. */
async function untilDead({ look }: Scene['stage'], count: number, prefix: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  const ids = new Set<string>();
  let after: string | undefined;
  while (ids.size < count && Date.now() < deadline) {
    const since = { after };
    for await (const { id, reason, letter } of readDeadLetters<Dead>('lago', look, since)) {
      after = id;
      const { messageId } = letter.event;
      if (reason === 'refused' && messageId.startsWith(`${prefix}-`)) ids.add(messageId);
    }
    await sleep(250);
  }
}

type Dead = { event: { messageId: string } };

export const held: Scenario = {
  name: 'held',
  what: 'both keys are refused with 401 and 403 for 10 s, as after a rotation; it resumes by itself',
  seconds: 15,
  kills: 4,
  async trouble({ stage: { sandbox }, notes }) {
    const asked = () => [sandbox.lago.faults.fired, sandbox.hyperline.faults.fired] as const;
    const [lagoBefore, hyperlineBefore] = asked();
    sandbox.lago.faults.add({
      times: 'always',
      respond: { status: 401, body: { status: 401, error: 'Unauthorized' } },
    });
    sandbox.hyperline.faults.add({
      times: 'always',
      respond: { status: 403, body: { message: 'Forbidden' } },
    });
    await sleep(10_000);
    const [lago, hyperline] = asked();
    clearBoth(sandbox);
    notes.push(
      `requests in 10 s of refused keys: ${lago - lagoBefore} to Lago, ${hyperline - hyperlineBefore} to Hyperline`,
    );
  },
};
