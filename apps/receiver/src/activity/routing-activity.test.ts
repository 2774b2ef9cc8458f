import { expect, test } from '@jest/globals';
import type { RoutedEvent } from '@meterbridge/queue';
import { RoutingActivity } from './routing-activity.js';

const HOUR = 3_600_000;
const AT = 500_000 * HOUR;

type Fields = { source?: string; taken?: string[]; type?: string; event?: string; properties?: object };

/** An event that rules of lago take, and none of hyperline. */
function routed({ source = 'backend', taken = [], ...fields }: Fields): RoutedEvent {
  return {
    source,
    event: { type: 'track', ...fields } as RoutedEvent['event'],
    timeFromReceipt: false,
    routes: [
      { destination: 'lago', rules: taken },
      { destination: 'hyperline', rules: [] },
    ],
  };
}

const of = (count: number, fields: Fields) => Array.from({ length: count }, () => routed(fields));

/** What is reported of requests that are committed as they come, and of the one source there is. */
function reportOf(activity: RoutingActivity, ...requests: RoutedEvent[][]) {
  for (const request of requests) activity.see(request, AT)(AT);
  const report = activity.report();
  return { rules: report?.rules, source: report?.sources[0] };
}

test('counts what rules take, and the names that none takes, once', () => {
  const activity = new RoutingActivity();
  const events = [
    ...of(3, { event: 'API Call', taken: ['calls', 'tokens'] }),
    ...of(2, { event: 'API Calls' }),
    ...of(4, { type: 'page', event: 'not a name here' }),
  ];
  const { rules, source } = reportOf(activity, events);
  expect(rules).toEqual(
    new Map([
      [
        'lago',
        [
          { rule: 'calls', taken: 3, firstAt: AT, lastAt: AT },
          { rule: 'tokens', taken: 3, firstAt: AT, lastAt: AT },
        ],
      ],
    ]),
  );
  expect(source).toMatchObject({
    source: 'backend',
    untaken: [
      { name: 'track API Calls', events: 2, lastAt: AT },
      { name: 'page', events: 4, lastAt: AT },
    ],
    taken: ['track API Call'],
  });
  expect(activity.report()).toBeUndefined();
});

test('counts nothing that was not committed, and that of two commits with both times', () => {
  const activity = new RoutingActivity();
  activity.see(of(5, { event: 'API Call', taken: ['calls'] }), AT);
  expect(activity.report()?.rules).toEqual(new Map());
  const [first, second] = [1, 2].map(() => activity.see(of(1, { event: 'API Call', taken: ['calls'] }), AT));
  first!(AT + 10);
  second!(AT + 20);
  const taken = { rule: 'calls', taken: 2, firstAt: AT + 10, lastAt: AT + 20 };
  expect(activity.report()?.rules.get('lago')).toEqual([taken]);
});

test('a commit that was under way while a report was made is in the next', () => {
  const activity = new RoutingActivity();
  const count = activity.see(of(1, { event: 'A', taken: ['calls'] }), AT);
  const countOther = activity.see(of(1, { event: 'B' }), AT);
  activity.report();
  count(AT + 1);
  countOther(AT + 1);
  const next = activity.report();
  expect(next?.rules.get('lago')).toEqual([{ rule: 'calls', taken: 1, firstAt: AT + 1, lastAt: AT + 1 }]);
  expect(next?.sources[0]?.untaken).toEqual([{ name: 'track B', events: 1, lastAt: AT + 1 }]);
});

test('a name of which a rule takes some events is none that no rule takes', () => {
  const activity = new RoutingActivity();
  expect(reportOf(activity, of(2, { event: 'A' })).source?.untaken).toHaveLength(1);
  const mixed = [routed({ event: 'A' }), routed({ event: 'A', taken: ['calls'] }), routed({ event: 'A' })];
  expect(reportOf(activity, mixed).source).toMatchObject({ untaken: [], taken: ['track A'] });
  expect(reportOf(activity, of(1, { event: 'A' })).source).toMatchObject({ untaken: [], taken: [] });
});

test('looks into the first events of a name in an hour, and few after, for paths and no values', () => {
  const activity = new RoutingActivity();
  const events = of(500, { event: 'A', properties: { tokens: 1 } });
  expect(reportOf(activity, events).source).toMatchObject({ paths: ['properties.tokens'], sampled: 25 });
  activity.see(events, AT + HOUR);
  expect(activity.report()?.sources[0]?.sampled).toBe(25);
});

test('whatever names are made up, memory is bounded, and what is frequent is found all the same', () => {
  const activity = new RoutingActivity();
  const madeUp = (count: number) =>
    Array.from({ length: count }, (_, index) => routed({ event: `id ${index}` }));
  const frequent = of(500, { event: 'API Calls' });
  const { source } = reportOf(activity, frequent, madeUp(20_000), frequent);
  expect(source!.untaken).toHaveLength(1_000);
  expect(source!.untaken[0]).toMatchObject({ name: 'track API Calls', events: 1_000 });
  expect(source!.sampled).toBe(200);
  // There is room again.
  expect(reportOf(activity, of(1, { event: 'new' })).source?.untaken).toEqual([
    { name: 'track new', events: 1, lastAt: AT },
  ]);
});

test('says so where there are more paths than are collected', () => {
  const events = Array.from({ length: 100 }, (_, index) => {
    const properties = Object.fromEntries(Array.from({ length: 50 }, (_, key) => [`p${index}_${key}`, 1]));
    return routed({ event: `event ${index}`, properties });
  });
  const { source } = reportOf(new RoutingActivity(), events);
  expect(source!.paths).toHaveLength(1_001);
  expect(source!.paths).toContain('*');
});

test('a name is cut at 200 characters', () => {
  const { source } = reportOf(new RoutingActivity(), [routed({ event: `${'x'.repeat(300)}` })]);
  expect(source!.untaken[0]!.name).toBe(`track ${'x'.repeat(200)}`);
});
