import { describe, expect, test } from '@jest/globals';
import type { DeadLetter } from '@meterbridge/delivery';
import { hourAt, type Outcome, reviveDeadLetter } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import { type AuditLine, readDeadLetters, reviveDeadLetters } from '../src/index.js';
import { queueKeys } from '../src/keys.js';
import { makeLines } from './pipeline-line.js';

const open = makeLines(() => suite);
const suite = useRedis();

type Line = Awaited<ReturnType<typeof open>>;

const refused: Outcome = { outcome: 'failed', code: 'refused', status: 422, detail: 'no such code' };
const duplicate: Outcome = { outcome: 'duplicate' };

/** Hours pass between acceptance and outcome in what these tests look at: they are moved into the past. */
const LONG_AGO = 400_000;

async function lettersOf(line: Line) {
  const letters = [];
  for await (const entry of readDeadLetters<DeadLetter>(line.destination, line.redis)) letters.push(entry);
  return letters;
}

async function revive(line: Line) {
  const letters = await lettersOf(line);
  await reviveDeadLetters(
    line.destination,
    line.redis,
    letters,
    letters.map(({ letter, at }) => reviveDeadLetter(letter, at)),
  );
}

/** Makes what is waiting look as if it had been accepted at another hour. */
async function acceptedAt(line: Line, hour: number): Promise<void> {
  const keys = queueKeys(line.destination);
  const move = (text: string) =>
    text.replaceAll(new RegExp(`\\b${hourAt(Date.now())}\\b`, 'g'), String(hour));
  for (const id of await line.redis.lrange(keys.bull('wait'), 0, -1)) {
    const [data, cells] = await line.redis.hmget(keys.job(id), 'data', 'cells');
    await line.redis.hset(keys.job(id), { data: move(data!), cells: move(cells!) });
  }
  for (const [field, count] of Object.entries(await line.redis.hgetall(keys.hours))) {
    await line.redis.hdel(keys.hours, field);
    await line.redis.hset(keys.hours, move(field), count);
  }
}

/** Lines as `<source>: <counts that are not zero>`, of the one hour there is. */
function say(lines: AuditLine[]): string[] {
  return lines.map(({ hour, source, destination: _, ...counts }) => {
    const some = Object.entries(counts).filter(([, count]) => count !== 0);
    return `${hour ?? '-'}/${source ?? '-'}: ${some.map((each) => each.join(' ')).join(', ')}`;
  });
}

describe('the account by hour and source', () => {
  test('is told apart from the first write on: sources in one job, filtered events, in flight', async () => {
    const line = await open();
    await Promise.all([line.write(60), line.write(30, ['usage'], 'web'), line.write(5, [], 'web')]);
    await waitFor(async () => (await line.account()).filtered === 5, { what: 'the count' });
    await acceptedAt(line, LONG_AGO);
    expect(say(await line.audit())).toEqual([
      '400000/backend: accepted 60, inFlight 60',
      '400000/web: accepted 35, filtered 5, inFlight 30',
    ]);
    const worker = line.start();
    await line.settled();
    expect(say(await line.audit())).toEqual([
      '400000/backend: accepted 60, delivered 60',
      '400000/web: accepted 35, delivered 30, filtered 5',
    ]);
    await worker.close();
  });

  test('counts each outcome in the hour of acceptance, through retries, death and replay', async () => {
    const tried = new Map<string, number>();
    let mended = false;
    const line = await open(async (deliveries) =>
      deliveries.map(({ event }, index): Outcome => {
        if (mended) return { outcome: 'delivered' };
        const tries = (tried.get(event.messageId) ?? 0) + 1;
        tried.set(event.messageId, tries);
        if (tries < 3) return { outcome: 'failed', code: 'timeout' };
        return [refused, duplicate, { outcome: 'delivered' } as const][index % 3]!;
      }),
    );
    await Promise.all([line.write(30), line.write(30, ['usage'], 'web')]);
    await acceptedAt(line, LONG_AGO);
    const worker = line.start();
    expect(await line.settled()).toMatchObject({ accepted: 60, dead: 20, duplicate: 20, difference: 0 });
    expect(say(await line.audit())).toEqual([
      '400000/backend: accepted 30, delivered 10, duplicate 10, dead 10',
      '400000/web: accepted 30, delivered 10, duplicate 10, dead 10',
    ]);
    await worker.close();
    mended = true;
    await revive(line);
    expect(say(await line.audit())).toEqual([
      '400000/backend: accepted 30, delivered 10, duplicate 10, inFlight 10',
      '400000/web: accepted 30, delivered 10, duplicate 10, inFlight 10',
    ]);
    const next = line.start();
    await line.settled();
    expect(say(await line.audit())).toEqual([
      '400000/backend: accepted 30, delivered 20, duplicate 10',
      '400000/web: accepted 30, delivered 20, duplicate 10',
    ]);
    await next.close();
  });
});
