import { describe, expect, test } from '@jest/globals';
import { type DeadLetter, reviveDeadLetter } from '@meterbridge/delivery';
import { useRedis } from '@meterbridge/testing';
import { encodeDeadLetter } from '../src/dead-letters/dead-letter-codec.js';
import {
  type DeadLetterEntry,
  type DeadLetterRange,
  discardDeadLetters,
  findDeadLetter,
  forgetImported,
  importDeadLetters,
  type OperatorAction,
  readDeadLetterLog,
  streamIdOf,
} from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { HOUR, lettersOf, longAgo, refused } from './dead-line.js';
import { makeLines } from './pipeline-line.js';
import { revive } from './revive.js';

const open = makeLines(() => suite);
const suite = useRedis();

type Line = Awaited<ReturnType<typeof open>>;
type Entry = DeadLetterEntry<DeadLetter>;

async function openWithLetters(count: number): Promise<{ line: Line; letters: Entry[] }> {
  const line = await open(async (deliveries) => deliveries.map(() => refused), {}, longAgo);
  await line.write(count);
  const worker = line.start();
  await line.settled();
  await worker.close();
  return { line, letters: await lettersOf(line) };
}

const idsOf = (entries: readonly { id: string }[]) => entries.map(({ id }) => id);
const contentOf = ({ at, reason, bucket, letter }: Entry) => ({ at, reason, bucket, letter });
const toPortable = ({ id, was, reason, bucket, letter }: Entry) => ({
  id: was ?? id,
  reason,
  bucket,
  letter,
});
const aRun = (run: string, what: OperatorAction['what'] = 'discarded'): OperatorAction => ({
  run,
  what,
  by: 'ops',
});

async function expectAddsUp(line: Line, counts: Record<string, number>): Promise<void> {
  expect(await line.account()).toMatchObject({ ...counts, difference: 0 });
  const lines = await line.audit();
  expect(lines.filter(({ difference }) => difference !== 0)).toEqual([]);
  expect(lines.at(-1)).toMatchObject({ hour: HOUR, source: 'backend', ...counts });
}

describe('a walk', () => {
  test('goes over more than a page, either way, from any entry on, and up to one', async () => {
    const { line, letters } = await openWithLetters(1_203);
    const all = idsOf(letters);
    expect(new Set(all).size).toBe(1_203);
    expect(idsOf(await lettersOf(line, { newestFirst: true }))).toEqual(all.toReversed());
    expect(idsOf(await lettersOf(line, { after: all[599]! }))).toEqual(all.slice(600));
    expect(idsOf(await lettersOf(line, { after: all[600]!, newestFirst: true }))).toEqual(
      all.slice(0, 600).toReversed(),
    );
    expect(idsOf(await lettersOf(line, { through: all[7]! }))).toEqual(all.slice(0, 8));
    expect(idsOf(await lettersOf(line, { after: all[2]!, through: all[7]! }))).toEqual(all.slice(3, 8));
  });

  test('knows when its letters died, however late they were imported', async () => {
    const line = await open();
    const keys = queueKeys(line.destination);
    const add = (ms: number) =>
      line.redis.xadd(
        keys.deadLetters,
        `${ms}-0`,
        'reason',
        'refused',
        'z',
        '',
        'cell',
        '1/web',
        'counted',
        '0/a',
      );
    for (const ms of [1_000, 2_000, 3_000]) await add(ms);
    const diedIn = async (range: DeadLetterRange) => (await lettersOf(line, range)).map(({ at }) => at);
    expect(await diedIn({ since: 2_000 })).toEqual([2_000, 3_000]);
    expect(await diedIn({ until: 2_000 })).toEqual([1_000]);
    expect(await diedIn({ since: 1_001, until: 3_000, newestFirst: true })).toEqual([2_000]);
    const letter = { reason: 'refused' };
    await importDeadLetters(
      line.destination,
      line.redis,
      [{ id: `${line.destination}/1500-0`, reason: 'refused', bucket: '1/web', letter }],
      aRun('1', 'restored'),
    );
    expect(await diedIn({ until: 2_000 })).toEqual([1_000, 1_500]);
    expect(await diedIn({ since: 1_500 })).toEqual([2_000, 3_000, 1_500]);
  });
});

/** As at a master whose predecessor's last letter is lost, and whose clock is behind: another has its id. */
async function replaceLetter(line: Line, { id, letter }: Entry) {
  const { deadLetters } = queueKeys(line.destination);
  const streamId = streamIdOf(id);
  const [[, fields] = []] = await line.redis.xrange(deadLetters, streamId, streamId);
  const z = encodeDeadLetter({ ...letter, rule: 'another' });
  await line.redis.del(deadLetters);
  await line.redis.xadd(deadLetters, streamId, ...fields!.with(fields!.indexOf('z') + 1, z as never));
  return (await findDeadLetter<DeadLetter>(id, line.redis))!;
}

describe('discarding', () => {
  test('takes letters out of dead into discarded, in the totals and the hour, and says who and why', async () => {
    const { line, letters } = await openWithLetters(250);
    const gone = letters.slice(0, 120);
    const run = { ...aRun('2026-1'), because: 'test data', filter: '--reason refused' };
    expect(await discardDeadLetters(line.destination, line.redis, gone.slice(0, 60), run)).toBe(60);
    expect(await discardDeadLetters(line.destination, line.redis, gone.slice(60), run)).toBe(120);
    // As a resent command, or a person who tries again.
    expect(await discardDeadLetters(line.destination, line.redis, gone, run)).toBe(120);
    await expectAddsUp(line, { accepted: 250, dead: 130, discarded: 120 });
    expect(await line.account()).toMatchObject({ deadByReason: { refused: 130 } });
    expect(idsOf(await lettersOf(line))).toEqual(idsOf(letters.slice(120)));
    expect(await readDeadLetterLog(line.destination, line.redis)).toEqual([
      {
        ...run,
        destination: line.destination,
        at: expect.any(Number),
        letters: 120,
        byReason: { refused: 120 },
        ids: idsOf(gone.slice(0, 100)),
      },
    ]);
    const [record] = await readDeadLetterLog(line.destination, line.redis);
    expect(Math.abs(record!.at - Date.now())).toBeLessThan(60_000);
  });

  test('what is gone already is passed over, and nothing leaves no record', async () => {
    const { line, letters } = await openWithLetters(3);
    const unknown = { id: `${line.destination}/1-1`, digest: letters[0]!.digest };
    const some = [unknown, letters[0]!, letters[0]!];
    expect(await discardDeadLetters(line.destination, line.redis, some, aRun('1'))).toBe(1);
    expect(await discardDeadLetters(line.destination, line.redis, some, aRun('2'))).toBe(0);
    await expectAddsUp(line, { accepted: 3, dead: 2, discarded: 1 });
    expect(await readDeadLetterLog(line.destination, line.redis)).toHaveLength(1);
  });

  test('a letter that has the id of another one is left alone', async () => {
    const { line, letters } = await openWithLetters(1);
    const [own] = letters as [Entry];
    const other = await replaceLetter(line, own);
    expect(await discardDeadLetters(line.destination, line.redis, [own], aRun('1'))).toBe(0);
    const revived = [reviveDeadLetter(own.letter, own.at)];
    expect(await revive(line.destination, line.redis, [own], revived)).toBe(false);
    await expectAddsUp(line, { accepted: 1, dead: 1, discarded: 0 });
    expect(await discardDeadLetters(line.destination, line.redis, [other], aRun('2'))).toBe(1);
    await expectAddsUp(line, { accepted: 1, dead: 0, discarded: 1 });
  });

  test('beside replays, each letter goes one way and every hour adds up', async () => {
    const { line, letters } = await openWithLetters(400);
    const replay = (some: Entry[]) =>
      revive(
        line.destination,
        line.redis,
        some,
        some.map(({ letter, at }) => reviveDeadLetter(letter, at)),
      );
    const discard = (some: Entry[]) => discardDeadLetters(line.destination, line.redis, some, aRun('1'));
    await Promise.all([
      discard(letters.slice(0, 100)),
      replay(letters.slice(100, 200)),
      discard(letters.slice(100, 200)),
      discard(letters.slice(200, 300)),
    ]);
    const { accepted, dead, discarded, inFlight } = await line.account();
    expect({ accepted, dead, gone: discarded + inFlight }).toEqual({ accepted: 400, dead: 100, gone: 300 });
    expect([0, 100]).toContain(inFlight);
    expect((await line.audit()).filter(({ difference }) => difference !== 0)).toEqual([]);
  });

  test('remembers the newest thousand runs', async () => {
    const { line, letters } = await openWithLetters(1);
    const { deadLetterLog } = queueKeys(line.destination);
    const old = Array.from({ length: 1_000 }, (_, n) => {
      const run = `0001-${String(n).padStart(4, '0')}`;
      return [run, JSON.stringify({ run, ids: [] })];
    });
    await line.redis.hset(deadLetterLog, Object.fromEntries(old));
    await discardDeadLetters(line.destination, line.redis, letters, aRun('0002'));
    const kept = await readDeadLetterLog(line.destination, line.redis);
    expect(kept).toHaveLength(1_000);
    expect([kept[0]!.run, kept.at(-1)!.run]).toEqual(['0002', '0001-0001']);
  });
});

describe('an import', () => {
  test('brings back what was discarded as it was, counted as it was, once', async () => {
    const { line, letters } = await openWithLetters(60);
    const before = await line.account();
    await discardDeadLetters(line.destination, line.redis, letters, aRun('1'));
    await expectAddsUp(line, { accepted: 60, dead: 0, discarded: 60 });
    const lines = letters.map(toPortable);
    const bring = (run: string) =>
      importDeadLetters(line.destination, line.redis, lines, aRun(run, 'restored'));
    expect(await bring('2')).toEqual({ added: 60, restored: 60, stillThere: [] });
    expect(await bring('3')).toEqual({ added: 0, restored: 0, stillThere: [...letters.keys()] });
    await expectAddsUp(line, { accepted: 60, dead: 60, discarded: 0 });
    expect(await line.account()).toEqual(before);
    const back = await lettersOf(line);
    expect(back.map(contentOf)).toEqual(letters.map(contentOf));
    expect(back.map(({ was }) => was)).toEqual(idsOf(letters));
    expect(idsOf(back)).not.toContain(letters[0]!.id);
    // It says of itself what it was exported as, however often it comes and goes.
    expect(back.map(toPortable)).toEqual(lines);
    const log = await readDeadLetterLog(line.destination, line.redis);
    expect(log.map(({ what, letters }) => [what, letters])).toEqual([
      ['restored', 60],
      ['discarded', 60],
    ]);
  });

  test('leaves alone what never left', async () => {
    const { line, letters } = await openWithLetters(10);
    await discardDeadLetters(line.destination, line.redis, [letters[3]!], aRun('1'));
    const imported = await importDeadLetters(
      line.destination,
      line.redis,
      letters.map(toPortable),
      aRun('2', 'restored'),
    );
    expect(imported).toEqual({
      added: 1,
      restored: 1,
      stillThere: [0, 1, 2, 4, 5, 6, 7, 8, 9],
    });
    await expectAddsUp(line, { accepted: 10, dead: 10, discarded: 0 });
  });

  test('accepts anew what was never counted here, or was replayed since', async () => {
    const { line, letters } = await openWithLetters(5);
    const revived = letters.map(({ letter, at }) => reviveDeadLetter(letter, at));
    await revive(line.destination, line.redis, letters, revived);
    const strange = { ...toPortable(letters[0]!), id: `${line.destination}/17-0`, bucket: `${HOUR + 1}/web` };
    const imported = await importDeadLetters(
      line.destination,
      line.redis,
      [...letters.map(toPortable), strange],
      aRun('1', 'restored'),
    );
    expect(imported).toEqual({ added: 6, restored: 0, stillThere: [] });
    expect(await line.account()).toMatchObject({ accepted: 11, dead: 6, inFlight: 5, difference: 0 });
    const lines = await line.audit();
    expect(lines.map(({ hour, accepted, difference }) => [hour, accepted, difference])).toEqual([
      [HOUR, 10, 0],
      [HOUR + 1, 1, 0],
    ]);
    expect(await readDeadLetterLog(line.destination, line.redis)).toEqual([]);
  });

  test('goes again where the copy has left, and what is known of copies does not stay for ever', async () => {
    const { line, letters } = await openWithLetters(20);
    const { imported } = queueKeys(line.destination);
    const lines = letters.map(toPortable);
    const discard = async () =>
      discardDeadLetters(line.destination, line.redis, await lettersOf(line), aRun('1'));
    await discard();
    await importDeadLetters(line.destination, line.redis, lines, aRun('2', 'restored'));
    expect(await line.redis.hlen(imported)).toBe(20);
    // A replay takes copies away as it takes any letter, and says nothing to anybody.
    const copies = await lettersOf(line);
    await revive(
      line.destination,
      line.redis,
      copies.slice(0, 5),
      copies.slice(0, 5).map(({ letter, at }) => reviveDeadLetter(letter, at)),
    );
    await forgetImported(line.destination, line.redis);
    expect(await line.redis.hlen(imported)).toBe(15);
    await discard();
    expect(await line.redis.hlen(imported)).toBe(0);
    const again = await importDeadLetters(line.destination, line.redis, lines, aRun('3', 'restored'));
    expect(again).toEqual({ added: 20, restored: 15, stillThere: [] });
    await expectAddsUp(line, { accepted: 25, dead: 20, discarded: 0, inFlight: 5 });
    const copy = (await lettersOf(line))[0]!;
    expect(await findDeadLetter<DeadLetter>(copy.id, line.redis)).toMatchObject({
      at: letters[0]!.at,
      was: letters[0]!.id,
    });
  });
});
