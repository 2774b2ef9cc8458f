import { expect, test } from '@jest/globals';
import { nextId, nextTraceparent, readRequestId, readTraceparent } from './made-ids.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

test('made ids are unique, short and sane themselves', () => {
  const ids = Array.from({ length: 100 }, nextId);
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-z]{6}-[0-9a-z]{1,2}$/);
    expect(readRequestId(id)).toBe(id);
  }
  const traces = Array.from({ length: 20 }, nextTraceparent);
  expect(new Set(traces).size).toBe(20);
  for (const each of traces) expect(readTraceparent(each)).toBe(each);
});

test.each([
  ['3f1c9a52-6d7e-4f0a-9a39-0d4b2e3b7c55', true],
  ['"quoted"; {and} so on'.replaceAll(' ', '_'), true],
  ['x'.repeat(64), true],
  ['x'.repeat(65), false],
  ['', false],
  ['with space', false],
  ['tab\there', false],
  ['line\nbreak', false],
  ['naïve', false],
  [undefined, false],
])('%j as an X-Request-Id is taken: %j', (given, isTaken) => {
  expect(readRequestId(given)).toBe(isTaken ? given : undefined);
});

test.each([
  [`00-${TRACE}-${SPAN}-01`, true],
  [`00-${TRACE}-${SPAN}-00`, true],
  [`cc-${TRACE}-${SPAN}-01-of-a-later-version`, true],
  [`00-${TRACE}-${SPAN}-01-more`, false],
  [`ff-${TRACE}-${SPAN}-01`, false],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, false],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, false],
  [`00-${TRACE.toUpperCase()}-${SPAN}-01`, false],
  [`00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`, false],
  ['', false],
  [undefined, false],
])('%j as a traceparent is taken: %j', (given, isTaken) => {
  expect(readTraceparent(given)).toBe(isTaken ? given : undefined);
});
