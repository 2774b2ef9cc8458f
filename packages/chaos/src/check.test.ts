import { expect, test } from '@jest/globals';
import { type Fate, type Held, judge, newTally } from './check.js';
import type { Expectation } from './load/make-event.js';

const held = (changes: Partial<Held> = {}): Held => ({
  timestampMs: 1,
  contentHash: 'a',
  versions: 0,
  isTrue: true,
  ...changes,
});
const nothing: Fate = { lago: [], hyperline: [], dead: { lago: [], hyperline: [], receiver: [] } };
const dead = (changes: Partial<Fate['dead']>): Fate['dead'] => ({ ...nothing.dead, ...changes });
const onceAtLago: Expectation = { lago: 'once', hyperline: 'nothing', receiver: 'nothing' };
const deadAtLago: Expectation = { ...onceAtLago, lago: 'dead:unmapped' };

test.each<[string, Expectation, boolean, Partial<Fate>, string[]]>([
  ['in effect once', onceAtLago, true, { lago: [held()] }, []],
  ['contents are not kept', onceAtLago, true, { lago: [held({ isTrue: undefined })] }, []],
  ['nowhere', onceAtLago, true, {}, ['lost lago']],
  ['nowhere, and never answered', onceAtLago, false, {}, []],
  ['in effect though never answered', onceAtLago, false, { lago: [held()] }, []],
  ['twice', onceAtLago, true, { lago: [held(), held({ timestampMs: 2 })] }, ['twice lago']],
  ['twice though never answered', onceAtLago, false, { lago: [held(), held()] }, ['twice lago']],
  ['another content in between', onceAtLago, true, { lago: [held({ versions: 2 })] }, ['wrong lago']],
  ['another number', onceAtLago, true, { lago: [held({ isTrue: false })] }, ['wrong lago']],
  [
    'where it does not belong',
    onceAtLago,
    true,
    { lago: [held()], hyperline: [held()] },
    ['wrong hyperline'],
  ],
  ['dead, but good', onceAtLago, true, { dead: dead({ lago: ['expired'] }) }, ['wrongly dead lago']],
  [
    'in effect, and its repeat is dead',
    onceAtLago,
    true,
    { lago: [held()], dead: dead({ lago: ['identity_collision'] }) },
    ['wrongly dead lago'],
  ],
  ['dead as it should be', deadAtLago, true, { dead: dead({ lago: ['unmapped'] }) }, []],
  ['dead twice, after a retry', deadAtLago, true, { dead: dead({ lago: ['unmapped', 'unmapped'] }) }, []],
  [
    'dead of either',
    { ...onceAtLago, lago: 'dead:refused|unmapped' },
    true,
    { dead: dead({ lago: ['unmapped'] }) },
    [],
  ],
  ['dead of something else', deadAtLago, true, { dead: dead({ lago: ['poison'] }) }, ['wrongly dead lago']],
  ['should be dead, and is gone', deadAtLago, true, {}, ['lost lago']],
  ['should be dead, and is billed', deadAtLago, true, { lago: [held()] }, ['wrong lago']],
  [
    'rejected, but good',
    onceAtLago,
    true,
    { lago: [held()], dead: dead({ receiver: ['x'] }) },
    ['wrongly dead receiver'],
  ],
])('%s', (_name, expected, answered, fate, findings) => {
  const tally = newTally();
  judge(tally, { id: 'e', answered, expected }, { ...nothing, ...fate });
  expect(tally.findings.map(({ what, where }) => `${what} ${where}`)).toEqual(findings);
  expect(tally.answered).toBe(answered ? 1 : 0);
});

test('counts what is in effect and what is dead as it should be', () => {
  const tally = newTally();
  judge(tally, { id: 'a', answered: true, expected: onceAtLago }, { ...nothing, lago: [held()] });
  judge(
    tally,
    { id: 'b', answered: true, expected: deadAtLago },
    { ...nothing, dead: dead({ lago: ['unmapped'] }) },
  );
  expect(tally).toMatchObject({ answered: 2, once: 1, dead: { 'lago unmapped': 1 }, findings: [] });
});

test('what Redis may have forgotten is not lost, and counted apart', () => {
  const tally = newTally();
  const event = { id: 'a', answered: true, mayBeLost: true, expected: onceAtLago };
  judge(tally, event, nothing);
  judge(tally, event, { ...nothing, lago: [held()] });
  expect(tally).toMatchObject({ answered: 2, mayBeLost: { events: 2, missing: 1 }, findings: [] });
  judge(tally, event, { ...nothing, lago: [held(), held({ timestampMs: 2 })] });
  expect(tally.findings.map(({ what }) => what)).toEqual(['twice']);
});

test('says what differed between two effects', () => {
  const tally = newTally();
  const lago = [held(), held({ timestampMs: 1_000, contentHash: 'b' })];
  judge(tally, { id: 'a', answered: true, expected: onceAtLago }, { ...nothing, lago });
  expect(tally.findings[0]!.detail).toBe(
    '2 effects; timestamps 1970-01-01T00:00:00.001Z and 1970-01-01T00:00:01.000Z, contents a and b',
  );
});
