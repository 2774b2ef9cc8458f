import { expect, test } from '@jest/globals';
import { readMovedAddress, showControls } from './moved-address.js';

test.each<[string, string | undefined, string | undefined]>([
  ['another scheme', 'https://api.example/api/v1/events/batch', 'https://api.example/api/v1/events/batch'],
  ['another host and port', 'http://new.example:8443/v1', 'http://new.example:8443/v1'],
  ['no path', 'https://new.example', 'https://new.example/'],
  ['a query and a fragment', 'https://new.example/v1?key=secret&c=jane#top', 'https://new.example/v1'],
  ['a user and a password', 'https://user:secret@new.example/v1', 'https://new.example/v1'],
  ['a path alone', '/v2/events?key=secret', '/v2/events'],
  ['a relative path', 'v2/events', '/v2/events'],
  ['a host without a scheme', '//new.example/v1', '//new.example/v1'],
  ['control characters', 'https://new.example/a\u001b[31m\u0085b', 'https://new.example/a%1B[31m%C2%85b'],
  ['text that turns direction', 'https://new.example/\u202egpj', 'https://new.example/%E2%80%AEgpj'],
  ['nothing', '', undefined],
  ['no header', undefined, undefined],
  ['no web address', 'javascript:alert(1)', undefined],
  ['no address at all', 'https://', undefined],
])('%s is shown without what may be secret', (_what, location, shown) => {
  expect(readMovedAddress(location)).toBe(shown);
});

test('a long address is cut to 200 characters', () => {
  const shown = readMovedAddress(`https://new.example/${'a'.repeat(5_000)}`)!;
  expect(shown).toHaveLength(200);
  expect(shown).toMatch(/^https:\/\/new\.example\/a+…$/);
});

test('what a terminal would obey is shown as its code', () => {
  expect(showControls('a\u001b[2Jb\r\n\u202e\u200bc é 日本')).toBe(
    'a\\u{1B}[2Jb\\u{D}\\u{A}\\u{202E}\\u{200B}c é 日本',
  );
});
