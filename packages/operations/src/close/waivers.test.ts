import { expect, test } from '@jest/globals';
import { passes, Waivers } from './waivers.js';

test('a waiver lets a point pass that does not hold, or a finding, and is told only then', () => {
  const waivers = new Waivers([
    { what: 'gaps', because: 'known' },
    { what: 'sources', because: 'not needed' },
    { what: 'm-1', because: 'billed by hand' },
    { what: 'm-9', because: 'there is none' },
  ]);
  const gaps = waivers.apply('gaps', { ok: false, words: ['one'] });
  expect(gaps).toEqual({ point: 'gaps', ok: false, words: ['one'], waivedBecause: 'known' });
  expect(passes(gaps)).toBe(true);
  expect(waivers.apply('sources', { ok: true, words: ['fine'] })).not.toHaveProperty('waivedBecause');
  expect(passes(waivers.apply('receipts', { ok: false, words: [] }))).toBe(false);
  const left = waivers.without(['m-1', 'm-2'], String, (id) => `missing ${id}`);
  expect(left).toEqual(['m-2']);
  expect(waivers.used()).toEqual([
    { what: 'gaps', because: 'known', of: 'one' },
    { what: 'm-1', because: 'billed by hand', of: 'missing m-1' },
  ]);
  expect(waivers.unused().map(({ what }) => what)).toEqual(['sources', 'm-9']);
});
