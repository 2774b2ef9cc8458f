import { createHmac } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { TIMED_SIGNATURE_TOLERANCE_MS, verifyTimedSignature } from './timed-signature.js';

const NOW = Date.UTC(2026, 7, 1);
const BODY = Buffer.from('[{"type":"track","event":"Ä"},{"type":"track"}]');

function sign(secret: string, atMs: number, body: Buffer = BODY): string {
  const seconds = Math.floor(atMs / 1_000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex')}`;
}

const verify = (header: string, secrets: string[] = ['new', 'old'], body: Buffer = BODY) =>
  verifyTimedSignature(body, header, secrets, NOW);

test.each([
  ['the first live secret', sign('new', NOW)],
  ['the second live secret', sign('old', NOW)],
  ['a clock that is behind, within the tolerance', sign('new', NOW - TIMED_SIGNATURE_TOLERANCE_MS)],
  ['a clock that is ahead, within the tolerance', sign('new', NOW + TIMED_SIGNATURE_TOLERANCE_MS)],
])('%s is genuine', (_, header) => expect(verify(header)).toBe('genuine'));

test.each([
  ['too long ago', sign('new', NOW - TIMED_SIGNATURE_TOLERANCE_MS - 1_000)],
  ['too far ahead', sign('new', NOW + TIMED_SIGNATURE_TOLERANCE_MS + 1_000)],
  ['at the beginning of time', sign('new', 0)],
])('what was signed %s has expired', (_, header) => expect(verify(header)).toBe('expired'));

test.each([
  ['another secret', sign('guessed', NOW)],
  ['another secret, too long ago: the time is nobody’s business', sign('guessed', 0)],
  ['the time changed', sign('new', NOW).replace(/t=(\d+)/, (_, t) => `t=${Number(t) + 1}`)],
  ['an empty header', ''],
  ['no time', sign('new', NOW).split(',')[1]!],
  ['no signature', sign('new', NOW).split(',')[0]!],
  ['a time that is no whole number', sign('new', NOW).replace(/t=\d+/, 't=1e9')],
  ['a signature in capitals', sign('new', NOW).toUpperCase()],
  ['one digit less', sign('new', NOW).slice(0, -1)],
  ['the header twice', `${sign('new', NOW)}, ${sign('new', NOW)}`],
  ['a line break behind it', `${sign('new', NOW)}\n`],
  ['Segment’s own signature', createHmac('sha1', 'new').update(BODY).digest('hex')],
])('%s is wrong', (_, header) => expect(verify(header)).toBe('wrong'));

test('every byte of the body is signed', () => {
  for (let at = 0; at < BODY.length; at++) {
    const changed = Buffer.from(BODY);
    changed[at]! ^= 1;
    expect(verify(sign('new', NOW), ['new'], changed)).toBe('wrong');
  }
  expect(verify(sign('new', NOW), ['new'], Buffer.concat([BODY, Buffer.from(' ')]))).toBe('wrong');
});

test('the time and the body cannot change places', () => {
  const body = Buffer.from('1.2');
  const seconds = Math.floor(NOW / 1_000);
  const header = sign('new', NOW, body);
  expect(verify(header, ['new'], body)).toBe('genuine');
  expect(verify(header.replace(`t=${seconds}`, `t=${seconds}1`), ['new'], Buffer.from('.2'))).toBe('wrong');
});

test('nobody signs with an empty secret, and without secrets nothing is genuine', () => {
  expect(verify(sign('', NOW), [''])).toBe('wrong');
  expect(verify(sign('new', NOW), [])).toBe('wrong');
});
