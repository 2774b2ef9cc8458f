import { expect, test } from '@jest/globals';
import { createLogger } from './create-logger.js';

function logTo(lines: string[], secrets: string[] = []) {
  const destination = { write: (line: string) => void lines.push(line) };
  return createLogger({ name: 'worker', level: 'info', secrets, destination });
}

test('writes one JSON object a line, with the process, the level as a word and an ISO time', () => {
  const lines: string[] = [];
  const logger = logTo(lines);
  logger.info({ destination: 'lago' }, 'delivery.attempted');
  logger.debug('not at this level');
  expect(lines).toHaveLength(1);
  const entry = JSON.parse(lines[0]!);
  expect(entry).toMatchObject({
    name: 'worker',
    level: 'info',
    destination: 'lago',
    msg: 'delivery.attempted',
  });
  expect(new Date(entry.time).toISOString()).toBe(entry.time);
});

test.each([
  ['at the top', { apiKey: 'k-secret' }],
  ['in headers', { headers: { authorization: 'Basic k-secret', 'x-signature': 'k-secret' } }],
  ['in a request', { req: { headers: { authorization: 'Bearer k-secret' } } }],
  ['in a source', { source: { writeKey: 'k-secret', webhookSecret: 'k-secret' } }],
])('redacts a field that is named like a secret, %s', (_where, fields) => {
  const lines: string[] = [];
  logTo(lines).info(fields);
  expect(lines[0]).not.toContain('k-secret');
  expect(lines[0]).toContain('[redacted]');
});

test.each([
  ['in a text', 'key sk_live_"1" is wrong'],
  ['in a URL', `https://api.test/?key=${encodeURIComponent('sk_live_"1"')}`],
  ['as the user of a Basic authorization', `Basic ${btoa('sk_live_"1":')}`],
])('takes a known secret out wherever it stands: %s', (_where, text) => {
  const lines: string[] = [];
  logTo(lines, ['sk_live_', 'sk_live_"1"', 'a']).warn({ text, err: new Error(text) }, text);
  const entry = JSON.parse(lines[0]!);
  expect(entry.text).toContain('[redacted]');
  expect(entry.err.message).toContain('[redacted]');
  expect(lines[0]).not.toMatch(/sk_live|c2tfbGl2ZV8/);
});

test('logs of an error what it is and where, not what hangs on it', () => {
  const lines: string[] = [];
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const error = Object.assign(new Error('no answer', { cause }), { options: { body: 'payload' } });
  logTo(lines).error({ err: error }, 'failed');
  expect(lines[0]).not.toContain('payload');
  expect(JSON.parse(lines[0]!).err).toMatchObject({
    type: 'Error',
    message: 'no answer',
    stack: expect.stringContaining('create-logger.test'),
    cause: { message: 'refused', code: 'ECONNREFUSED' },
  });
});

test('does not quote the input that could not be parsed', () => {
  const lines: string[] = [];
  try {
    JSON.parse('someone@example.com');
  } catch (err) {
    logTo(lines).error(err);
    logTo(lines).error({ err });
  }
  expect(lines.join()).toContain('SyntaxError');
  expect(lines.join()).not.toContain('example');
});
