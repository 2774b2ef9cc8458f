import { expect, test } from '@jest/globals';
import { newSpoolName, rulesFile, shardsAmong } from './layout.js';

test('the shards of a destination, and no other folder', () => {
  const names = ['lago@1', 'lago', 'lago-eu', 'lago@10', 'other', '.lago', 'lost+found'];
  expect(shardsAmong(names, 'lago')).toEqual(['lago', 'lago@1', 'lago@10']);
});

test('the name of a spool is given once', () => {
  expect(newSpoolName('5-0', new Set())).toBe('5-0');
  expect(newSpoolName('5-0', new Set(['5-0', '5-0.2']))).toBe('5-0.3');
});

test('a version leads to no other folder', () => {
  expect(rulesFile('/store/lago', 'A_sWpaHyEJBtjYl7Esr-RT')).toBe(
    '/store/lago/rules/A_sWpaHyEJBtjYl7Esr-RT.json',
  );
  for (const version of ['', '..', '../x', 'a/b', 'a.b']) expect(rulesFile('/store', version)).toBeNull();
});
