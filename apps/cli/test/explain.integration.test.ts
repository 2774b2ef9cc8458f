import { expect, test } from '@jest/globals';
import type { FoundEvent, UsageReport } from '@meterbridge/operations';
import { useRedis } from '@meterbridge/testing';
import { openBooks } from './books-stack.js';
import { makeTracks } from './retrying-client.js';
import { useStack } from './run-stack.js';
import { LAGO_KEY } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const LAGO = {
  apiKey: LAGO_KEY,
  store: 'postgres',
  knownSubscriptions: [{ external_id: 'sub-1', external_customer_id: 'acct-1' }],
  metrics: { api_call: { aggregation: 'sum_agg', field: 'tokens' } },
} as const;

/** From before all events to behind them. */
const SPAN = [
  ...['--from', new Date(Date.now() - 86_400_000).toISOString()],
  ...['--to', new Date(Date.now() + 86_400_000).toISOString()],
];
const OF_LAGO = ['--customer', 'sub-1', ...SPAN];

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

test('usage of a customer, by the name that each destination is sent', async () => {
  const { stack, deliver } = await openBooks(stacks, { sandbox: { lago: LAGO } });
  const tracks = makeTracks(4, { properties: { tokens: 2.5, model: 'small', subscription_id: 'sub-1' } });
  const [unmappable] = makeTracks(1, { properties: { model: 'small', subscription_id: 'sub-1' } });
  await deliver([...tracks, unmappable!]);
  const explain = async (...args: string[]) => {
    const { code, output } = await stack.cli('explain', '--json', ...SPAN, ...args);
    return { code, report: JSON.parse(output) as UsageReport };
  };
  const count = ({ lines }: UsageReport, what: 'events' | 'dead') => sum(lines.map((line) => line[what]));

  const { code, report } = await explain('--customer', 'sub-1', '--samples', '2');
  expect(code).toBe(0);
  expect(new Set(report.lines.map(({ destination }) => destination))).toEqual(new Set(['lago']));
  expect([count(report, 'events'), count(report, 'dead')]).toEqual([4, 1]);
  expect(sum(report.lines.map(({ sums }) => Number(sums.tokens ?? 0)))).toBe(10);
  const samples = report.lines.flatMap((line) => line.samples);
  expect(samples).not.toHaveLength(0);
  for (const id of samples) expect(tracks.map(({ messageId }) => messageId)).toContain(id);

  const account = await explain('--customer', 'acct-1', '--destination', 'hyperline');
  expect(count(account.report, 'events')).toBe(5);
  const text = await stack.cli('explain', ...OF_LAGO);
  expect(text.output).toMatch(/^total +4 +1$/m);
  expect(text.output).toContain('lago, sub-1: there now, in the period from ');
  expect(text.output).toMatch(/^hyperline has nothing of that name: .* what its rules send as customer\.$/m);
  expect(text.output).toMatch(/^The books of lago begin .*, later than .*: what was settled before is not /m);
  const csv = await stack.cli('explain', ...OF_LAGO, '--csv');
  expect(csv.output).toMatch(/^destination,day,code,source,rule,events,late,duplicates,dead,sum of tokens$/m);
  expect(csv.output).toMatch(/^lago,[\d-]+,api_call,backend,api-calls,\d,0,0,0,[\d.]+$/m);

  const nobody = await stack.cli('explain', '--customer', 'nobody', ...SPAN);
  expect([nobody.code, nobody.output]).toEqual([
    1,
    expect.stringContaining('Nothing of nobody is in the books'),
  ]);
  const backwards = ['--from', '2026-02-01', '--to', '2026-01-01'];
  expect(await stack.cli('explain', '--customer', 'a', ...backwards)).toMatchObject({ code: 2 });
});

// docs/runbook.md, "A customer says the bill is too high"
test('a bill that is too high is explained down to the events that others have sent', async () => {
  const { stack, deliver } = await openBooks(stacks, { sandbox: { lago: LAGO } });
  await deliver(makeTracks(3, { properties: { tokens: 10, model: 'small', subscription_id: 'sub-1' } }));
  // Somebody else sends usage of the same subscription.
  const others = { transaction_id: 'cron-1', external_subscription_id: 'sub-1', code: 'api_call' };
  const at = (Date.now() / 1_000 - 60).toFixed(3);
  const answer = await fetch(`${stack.sandbox.lago.url}/api/v1/events/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${LAGO_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ events: [{ ...others, timestamp: at, properties: { tokens: 500, model: 'x' } }] }),
  });
  expect(answer.status).toBe(200);

  // The bill says 530, and 30 was sent.
  const explained = await stack.cli('explain', ...OF_LAGO, '--samples', '1', '--json');
  const { lines, now } = JSON.parse(explained.output) as UsageReport;
  expect(sum(lines.map(({ sums }) => Number(sums.tokens)))).toBe(30);
  expect(now).toMatchObject([{ usage: { lines: [{ code: 'api_call', events: 4, units: '530.0' }] } }]);

  // What was sent is what stands there.
  const found = await stack.cli('find', lines[0]!.samples[0]!, '--json');
  const { held } = JSON.parse(found.output) as FoundEvent;
  expect(held.find(({ destination }) => destination === 'lago')?.rows).toMatchObject([{ fields: [] }]);

  // So the rest is of others.
  const reconciled = await stack.cli('reconcile', '--destination', 'lago', ...SPAN);
  expect(reconciled.code).toBe(0);
  expect(reconciled.output).toMatch(/^api_call +3 +4 +1 +0$/m);
});
