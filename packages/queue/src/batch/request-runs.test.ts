import { expect, test } from '@jest/globals';
import type { StoredDelivery } from '@meterbridge/delivery';
import type { RequestRef } from '@meterbridge/segment-events';
import fc from 'fast-check';
import { type BatchData, decodeBatch, encodeDeliveries } from './batch-codec.js';
import { decodeRuns, RequestRuns, requestsOf } from './request-runs.js';

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

function encode(requests: readonly (RequestRef | undefined)[]): string | undefined {
  const runs = new RequestRuns();
  for (const request of requests) runs.add(request, 1);
  return runs.encode();
}

function decode(text: string): (RequestRef | undefined)[] {
  return decodeRuns(text).flatMap(({ request, count }) => Array.from({ length: count }, () => request));
}

/** As a receiver makes them. */
const made = (counter: number): RequestRef => ({ id: `k3x9q0-${counter.toString(36)}` });

function delivery(messageId: string, request?: RequestRef): StoredDelivery {
  const event = {
    type: 'track',
    event: 'API Call',
    messageId,
    userId: 'u',
    timestamp: '2026-11-01T00:00:00.000Z',
  };
  return {
    rule: 'usage',
    source: 'backend',
    hour: 498_000,
    request,
    event: event as StoredDelivery['event'],
  };
}

test('each delivery finds the request that brought it, whatever the ids are', () => {
  const id = fc.oneof(
    fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
    }),
    fc.tuple(fc.constantFrom('k3x9q0', 'zz0000'), fc.nat(50)).map(([tag, n]) => `${tag}-${n.toString(36)}`),
    fc.uuid(),
    fc.uuid().map((uuid) => uuid.replaceAll('-', '')),
    fc.uuid().map((uuid) => uuid.toUpperCase()),
    fc.constantFrom('k3x9q0-007', 'k3x9q0-zzzzzzzzz', '=', '@a', '3^1', '2*=x', '-1'),
  );
  const traceparent = fc.option(fc.constantFrom(TRACE, TRACE.replace('4bf9', '0000')), { nil: undefined });
  const request = fc.option(fc.record({ id, traceparent }), { nil: undefined });
  fc.assert(
    fc.property(fc.array(request), (requests) => {
      const text = encode(requests);
      if (text === undefined) expect(requests.every((each) => each === undefined)).toBe(true);
      else expect(decode(text)).toEqual(requests);
    }),
  );
});

test('made ids of requests that follow each other cost next to nothing, and others what they are', () => {
  const following = Array.from({ length: 500 }, (_, index) => made(10_000 + index));
  expect(encode(following)).toBe('=k3x9q0-7ps dv^1');
  const withGaps = following.filter((_, index) => index % 3 !== 1 && index % 7 !== 2);
  expect(encode(withGaps)!.length / withGaps.length).toBeLessThan(3);
  expect(encode([made(7), made(7), made(7)])).toBe('3*=k3x9q0-7');
  expect(encode([{ id: '3f1c9a52-6d7e-4f0a-9a39-0d4b2e3b7c55' }])).toHaveLength(1 + 22);
});

test('only a sampled trace parent is kept', () => {
  const text = encode([
    { id: 'a', traceparent: TRACE.replace(/1$/, '0') },
    { id: 'b', traceparent: TRACE },
  ])!;
  expect(decode(text)).toEqual([{ id: 'a' }, { id: 'b', traceparent: TRACE }]);
});

test('what cannot be read, or says another number, costs no delivery', () => {
  const data = encodeDeliveries([delivery('one', made(1)), delivery('two', made(2))]);
  for (const requests of ['', ' ', 'zz', '=', '9*=x', '?', '@', '2^', '-', '*=x', '99^1']) {
    const read = decodeBatch({ ...data, requests } as BatchData);
    expect(read.map(({ event }) => event.messageId)).toEqual(['one', 'two']);
  }
});

test('a batch of before names no request, and one of now keeps them beside its deliveries', () => {
  const before = encodeDeliveries([delivery('one'), delivery('two')]);
  expect(Object.keys(JSON.parse(JSON.stringify(before)))).not.toContain('requests');
  expect(decodeBatch(before)).toEqual([delivery('one'), delivery('two')]);
  const deliveries = [delivery('one', made(1)), delivery('two', { id: 'abc' }), delivery('three')];
  const now = encodeDeliveries(deliveries);
  expect(decodeBatch(now)).toEqual(deliveries);
  // The association of a part is the part of the association.
  expect(decodeBatch(encodeDeliveries(decodeBatch(now).slice(1)))).toEqual(deliveries.slice(1));
});

test('requests of the deliveries that were attempted, each once', () => {
  const text = encode([made(1), made(1), { id: 'abc' }, made(1), made(3)]);
  expect(requestsOf(text, 4)).toEqual([made(1), { id: 'abc' }]);
  expect(requestsOf(text, 1)).toEqual([made(1)]);
  expect(requestsOf(undefined, 4)).toEqual([]);
});

test('it says in time how much it takes: a batch closes by it', () => {
  const runs = new RequestRuns();
  for (let each = 0; each < 500; each++) runs.add({ id: `${each}-`.padEnd(64, 'x'), traceparent: TRACE }, 1);
  const bytes = runs.encode()!.length;
  expect(runs.bytes).toBeGreaterThanOrEqual(bytes);
  expect(runs.bytes).toBeLessThan(1.5 * bytes);
});
