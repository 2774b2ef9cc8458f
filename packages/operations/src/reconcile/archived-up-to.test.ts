import { expect, test } from '@jest/globals';
import { waitUntilArchived } from './archived-up-to.js';

test.each<[string, number[], (string | null)[]]>([
  ['are there already', [10], []],
  ['are there at the next look, since the moment was just over', [9, 10], []],
  ['come later', [8, 9, 10], ['What was settled meanwhile is not in the books yet', null]],
])('books that %s', async (_what, reads, told) => {
  const waits: (string | null)[] = [];
  const read = async () => reads.shift()!;
  await waitUntilArchived(10, read, { onWait: (why) => waits.push(why) }, () => {});
  expect(waits).toEqual(told);
  expect(reads).toEqual([]);
});

test('a wait can be stopped', async () => {
  const stop = () => {
    throw new Error('stopped');
  };
  await expect(waitUntilArchived(10, async () => 1, {}, stop)).rejects.toThrow('stopped');
});
