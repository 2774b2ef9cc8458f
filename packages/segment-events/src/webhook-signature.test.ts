import { createHmac } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { isEnabled } from './integrations.js';
import { safeEqual } from './safe-equal.js';
import { verifyWebhookSignature } from './webhook-signature.js';

const event = {
  type: 'track',
  messageId: 'm1',
  properties: { 2: 'b', 1: 'a', text: 'é/"\u2028', big: 2 ** 60 },
};
const other = { ...event, messageId: 'm2' };
const sign = (content: unknown, secret = 'new') =>
  createHmac('sha1', secret).update(JSON.stringify(content)).digest('hex');
const verify = (body: unknown, signature: string | undefined, secrets = ['old', 'new']) =>
  verifyWebhookSignature(Buffer.from(JSON.stringify(body)), signature, secrets);

test.each([
  ['one event', event, sign(event), 'full'],
  ['a secret that is being replaced', event, sign(event, 'old'), 'full'],
  ['upper-case hex', event, sign(event).toUpperCase(), 'full'],
  ['a whole batch', [event, other], sign([event, other]), 'full'],
  ['a batch signed by its first event', [event, other], sign(event), 'first-event-only'],
  ['a batch of one', [event], sign(event), 'full'],
  ['an extensible batch', [{ json: event }, { json: other }], sign(event), 'first-event-only'],
  ['a batch signed by its second event', [event, other], sign(other), null],
  ['another secret', event, sign(event, 'wrong'), null],
  ['another event', other, sign(event), null],
  ['half a signature', event, sign(event).slice(0, 20), null],
  ['no signature', event, undefined, null],
  ['an empty signature', event, '', null],
  ['an empty batch', [], sign(null), null],
])('%s', (_name, body, signature, expected) => {
  expect(verify(body, signature)).toBe(expected);
});

test('nothing is genuine without a secret, nor a body that is not JSON', () => {
  expect(verify(event, sign(event, ''), [])).toBeNull();
  expect(verify(event, sign(event, ''), [''])).toBeNull();
  expect(verifyWebhookSignature(Buffer.from('{'), sign(event), ['new'])).toBeNull();
  const deep = Buffer.from(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
  expect(verifyWebhookSignature(deep, sign(event), ['new'])).toBeNull();
});

test('a later event that is not JSON takes nothing from what the first one proves', () => {
  const list = (rest: string) => Buffer.from(`[${JSON.stringify(event)}${rest}`);
  expect(verifyWebhookSignature(list(',{"a":NaN}]'), sign(event), ['new'])).toBe('first-event-only');
  expect(verifyWebhookSignature(list(' ]'), sign(event), ['new'])).toBe('full');
  expect(verifyWebhookSignature(list(''), sign(event), ['new'])).toBeNull();
});

test.each([
  ['a', 'a', true],
  ['', '', true],
  ['a', 'b', false],
  ['a', 'aa', false],
  ['é', 'e', false],
])('%j equals %j: %s', (a, b, expected) => {
  expect(safeEqual(a, b)).toBe(expected);
});

test.each([
  [undefined, true],
  [null, true],
  ['x', true],
  [{}, true],
  [{ All: true }, true],
  [{ All: false }, false],
  [{ All: false, Lago: true }, true],
  [{ All: false, Lago: { region: 'eu' } }, true],
  [{ All: false, lago: true }, true],
  [{ All: false, LAGO: true }, false],
  [{ Lago: false }, false],
  [{ Lago: null, All: false }, false],
  [{ All: true, lago: false }, false],
  [{ Lago: true, lago: false }, true],
  [{ 'Segment.io': false }, false],
  [{ 'Segment.io': false, Lago: true }, false],
  [{ 'Segment.io': {}, All: true }, true],
])('an event with integrations %j goes to Lago: %s', (integrations, expected) => {
  expect(isEnabled(integrations, ['Lago', 'lago'])).toBe(expected);
});

test('a destination named like something every object has is not mentioned by it', () => {
  expect(isEnabled({ All: false }, ['constructor'])).toBe(false);
});
