import { expect, test } from '@jest/globals';
import { type Fault, type FaultRequest, FaultScript } from './faults.js';

const POST: FaultRequest = {
  method: 'POST',
  path: '/v1/events',
  keys: () => ['a', 'b'],
  text: () => '?q=%27 {"x":"<script>"}',
};

function fire(fault: Fault, requests: FaultRequest[]): boolean[] {
  const script = new FaultScript();
  script.add(fault);
  return requests.map((request) => script.take(request) !== undefined);
}

test.each<[string, Fault, boolean[]]>([
  ['once where nothing is said', {}, [true, false, false, false]],
  ['as often as it says', { times: 2 }, [true, true, false, false]],
  ['always', { times: 'always' }, [true, true, true, true]],
  ['on every nth', { everyNth: 2 }, [false, true, false, true]],
  ['on every nth, some times', { everyNth: 2, times: 1 }, [false, true, false, false]],
  ['never at rate 0', { rate: 0 }, [false, false, false, false]],
  ['always at rate 1', { rate: 1 }, [true, true, true, true]],
])('a fault acts %s', (_when, fault, expected) => {
  expect(fire(fault, [POST, POST, POST, POST])).toEqual(expected);
});

test.each<[string, Fault['match'], boolean]>([
  ['its path', { path: '/v1/events' }, true],
  ['another path', { path: '/v1/events/batch' }, false],
  ['its method', { method: 'POST' }, true],
  ['another method', { method: 'GET' }, false],
  ['a key it carries', { containsKey: 'b' }, true],
  ['a key it does not carry', { containsKey: 'c' }, false],
  ['a text in its query', { containsText: '%27' }, true],
  ['a text in its body', { containsText: '<script>' }, true],
  ['a text it does not hold', { containsText: '<boom>' }, false],
])('a fault for %s', (_what, match, expected) => {
  expect(fire({ match: match! }, [POST])).toEqual([expected]);
});

test('faults are asked in order, and one that does not match is not used up', () => {
  const script = new FaultScript();
  script.set([
    { match: { path: '/elsewhere' }, respond: { status: 500 } },
    { respond: { status: 503 } },
    { respond: { status: 429 } },
  ]);
  expect([script.take(POST), script.take(POST)].map((fault) => fault?.respond?.status)).toEqual([503, 429]);
  expect(script.take({ ...POST, path: '/elsewhere' })?.respond?.status).toBe(500);
  expect(script.take(POST)).toBeUndefined();
  expect(script.fired).toBe(3);
});

test('random faults come at their rate, and the same way from the same seed', () => {
  const requests = Array.from({ length: 5000 }, () => POST);
  const first = fire({ rate: 0.1, seed: 7 }, requests);
  const share = first.filter(Boolean).length / requests.length;
  expect(share).toBeGreaterThan(0.08);
  expect(share).toBeLessThan(0.12);
  expect(fire({ rate: 0.1, seed: 7 }, requests)).toEqual(first);
  expect(fire({ rate: 0.1, seed: 8 }, requests)).not.toEqual(first);
});
