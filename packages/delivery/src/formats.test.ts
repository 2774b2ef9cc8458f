import { expect, test } from '@jest/globals';
import { FORMATS, type Formats, formatsToTell, formatToWrite, newerFormat, newerWords } from './formats.js';

/** Version 0.3.0 reads jobs of a second format and writes them; 0.2.0 read them, and wrote the first. */
const formatsOf = (reads: number, writes: number, since: string): Formats => ({
  ...FORMATS,
  job: { reads, writes, since },
});
const V2 = formatsOf(2, 1, '0.1.0');
const V3 = formatsOf(2, 2, '0.2.0');

test.each([
  ['nothing said', undefined, FORMATS, undefined],
  ['nothing said, as Redis has it', null, FORMATS, undefined],
  ['the first', 1, FORMATS, undefined],
  ['the first, as text', '1', FORMATS, undefined],
  ['a higher one', 2, FORMATS, 2],
  ['a higher one, as text', '2', FORMATS, 2],
  ['one that the next version reads', 2, V2, undefined],
  ['one beyond that', 3, V2, 3],
  ['no number', 'zstd', FORMATS, Number.NaN],
  ['no number at all', {}, FORMATS, Number.NaN],
])('%s', (_what, said, formats, newer) => {
  expect(newerFormat('job', said, formats)).toBe(newer);
});

test('a record of the first format says nothing, and one of a higher format its number', () => {
  expect(formatToWrite('job', FORMATS)).toBeUndefined();
  expect(formatToWrite('job', V2)).toBeUndefined();
  expect(formatToWrite('job', V3)).toBe(2);
});

test('what one version says of its formats, the one before says no more, and the next in its place', () => {
  const told = Object.fromEntries(formatsToTell({}, V2));
  expect(told).toMatchObject({ store: { format: 1, since: '0.1.0' }, job: { format: 1, since: '0.1.0' } });
  expect(formatsToTell(told, FORMATS)).toEqual([]);
  expect(formatsToTell(told, V3)).toEqual([['job', { format: 2, since: '0.2.0' }]]);
  expect(formatsToTell({ ...told, job: { format: 2, since: '0.2.0' } }, V2)).toEqual([]);
});

test('the words name the version that reads it, where Redis has it', () => {
  const told = { job: { format: 2, since: '0.2.0' } };
  expect(newerWords('job', 2, told)).toBe('written by a newer version: use version 0.2.0 or later');
  expect(newerWords('job', 3, told)).toBe('written by a newer version: use that version');
  expect(newerWords('replay', 2, told)).toBe('written by a newer version: use that version');
});
