import { expect, test } from '@jest/globals';
import type { ReceiptEntry } from '@meterbridge/queue/batch';
import type { ManifestFile } from '../manifest.js';
import { SeenEntries } from './seen-entries.js';

const entryAt = (id: string): ReceiptEntry => ({ id, kind: 'filtered', filtered: {} });

const file = (firstEntry: string, lastEntry: string, looks?: () => void) =>
  ({
    name: firstEntry,
    get firstEntry() {
      looks?.();
      return firstEntry;
    },
    lastEntry,
  }) as ManifestFile;

test('a file is read once, and only where its span reaches over an entry', async () => {
  const read: string[] = [];
  const files = [file('1-0', '4-0'), file('', ''), file('9-0', '30-0'), file('10-0', '11-0')];
  const seen = new SeenEntries(files, async ({ name }) => {
    read.push(name);
    return name === '9-0' ? ['10-5', '20-0'] : [];
  });
  const add = (id: string) => seen.add(entryAt(id));
  expect([await add('31-0'), await add('5-0'), read]).toEqual([true, true, []]);
  expect([await add('10-5'), await add('20-0'), await add('21-0'), await add('21-0')]).toEqual([
    false,
    false,
    true,
    false,
  ]);
  expect(read.toSorted()).toEqual(['10-0', '9-0']);
  expect([await add('4-0'), read.at(-1)]).toEqual([true, '1-0']);
});

test('ten thousand files cost an entry that is younger than all of them nothing', async () => {
  let looks = 0;
  const files = Array.from({ length: 10_000 }, (_, n) =>
    file(`${n * 10}-0`, `${n * 10 + 9}-0`, () => {
      looks += 1;
    }),
  );
  const seen = new SeenEntries(files, async () => []);
  await seen.add(entryAt('100000-0'));
  looks = 0;
  for (let n = 1; n <= 1_000; n += 1) await seen.add(entryAt(`${100_000 + n}-0`));
  expect(looks).toBeLessThan(3_000);
});
