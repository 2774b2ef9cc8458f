import { expect, test } from '@jest/globals';
import { nextSpoolName, rulesFile, shardsAmong, spoolsAmong } from './layout.js';

test('the shards of a destination, and no other folder', () => {
  const names = ['lago@1', 'lago', 'lago-eu', 'lago@10', 'other', '.lago', 'lost+found'];
  expect(shardsAmong(names, 'lago')).toEqual(['lago', 'lago@1', 'lago@10']);
});

test.each([
  [[], '00000001'],
  [['manifest.00000004.json', 'rules', '.convert-77', '.manifest.00000005.json.99.tmp'], '00000001'],
  [['00000009.spool', '00000010.parquet'], '00000011'],
  [['00000002.spool', 'lago@7/00000003-00000026.parquet'], '00000027'],
])('the name of a spool is above all there were: %j', (files, name) => {
  expect(nextSpoolName(files)).toBe(name);
});

test('spools are in the order in which they began', () => {
  expect(spoolsAmong(['00000011.spool', '00000009.spool', '00000008.parquet', 'rules'])).toEqual([
    '00000009',
    '00000011',
  ]);
});

test('a version leads to no other folder', () => {
  expect(rulesFile('/store/lago', 'A_sWpaHyEJBtjYl7Esr-RT')).toBe(
    '/store/lago/rules/A_sWpaHyEJBtjYl7Esr-RT.json',
  );
  for (const version of ['', '..', '../x', 'a/b', 'a.b']) expect(rulesFile('/store', version)).toBeNull();
});
