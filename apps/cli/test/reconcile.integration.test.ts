import { expect, test } from '@jest/globals';
import type { ReconcileReport } from '@meterbridge/operations';
import { openReceipts } from '@meterbridge/receipts';
import { useClosing, useRedis } from '@meterbridge/testing';
import { beginSpool, nextSpool } from '../../../packages/receipts/src/store.js';
import { HOUR_MS, makeStore, START, settled } from '../../../packages/receipts/test/a-store.js';
import { type Stack, useStack } from './run-stack.js';
import { LAGO_KEY } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);
const closing = useClosing();

const FROM = new Date(START).toISOString();
const TO = new Date(START + 2 * HOUR_MS).toISOString();
const ASKED = ['--destination', 'lago', '--from', FROM, '--to', TO];

/** Books of 300 events, all of which were sent. */
async function keepBooks(stack: Stack): Promise<void> {
  const { dir, remove } = await makeStore(['lago']);
  closing.push(remove);
  stack.env.RECEIPTS_DIRECTORY = dir;
  const place = { dir, shard: 'lago' };
  const spool = await beginSpool({ ...place, spool: await nextSpool(place) });
  const usages = Array.from({ length: 300 }, (_, index) => ({
    id: `m-${index}`,
    at: START + index * 20_000,
  }));
  await spool.append([settled(`${START}-1`, 'job', usages)]);
  await spool.close();
  const books = await openReceipts({ dir, destination: 'lago' });
  const bodies: string[] = [];
  for await (const { usage } of books.listUsage('API Call', { from: START, to: START + 2 * HOUR_MS })) {
    bodies.push(usage!);
  }
  await books.close();
  for (let at = 0; at < bodies.length; at += 100) {
    expect(await post(`${stack.sandbox.lago.url}/api/v1/events/batch`, bodies.slice(at, at + 100))).toBe(200);
  }
}

async function post(url: string, events: string[] | string): Promise<number> {
  const { status } = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${LAGO_KEY}`, 'content-type': 'application/json' },
    body: typeof events === 'string' ? events : `{"events":[${events.join(',')}]}`,
  });
  return status;
}

test('what is missing is named, sent again by what it prints, and then nothing differs', async () => {
  const stack = await stacks.open();
  stack.sandbox.lago.flaws.set({ loses: 200 });
  await keepBooks(stack);
  const said = await stack.cli('reconcile', ...ASKED);
  expect(said).toMatchObject({ code: 1, output: expect.stringMatching(/total +300 +299 +0 +1\n/) });
  expect(said.output).toContain('missing_there: 1 were taken by the API, and are not there\n  m-199 of ');
  expect(said.output).toContain('Bearer $LAGO_API_KEY');

  const { code, output } = await stack.cli('reconcile', ...ASKED, '--json');
  const report = JSON.parse(output) as ReconcileReport;
  expect(code).toBe(1);
  expect(report.findings).toMatchObject([{ finding: 'missing_there', usageId: 'm-199', messageId: 'm-199' }]);
  for (const { url, body } of report.sendAgain) expect(await post(url, body)).toBe(200);
  const mended = await stack.cli('reconcile', ...ASKED, '--contents');
  expect(mended).toMatchObject({ code: 0, output: expect.stringContaining('Nothing differs') });
});

test('wrong usage ends with 2, and what cannot be said with 1 and why', async () => {
  const stack = await stacks.open();
  const backwards = ['--destination', 'lago', '--from', TO, '--to', FROM];
  expect(await stack.cli('reconcile', ...backwards)).toMatchObject({ code: 2 });
  expect(await stack.cli('reconcile', '--destination', 'lago')).toMatchObject({ code: 2 });
  stack.env.RECEIPTS_DIRECTORY = '';
  const none = await stack.cli('reconcile', ...ASKED);
  expect(none).toMatchObject({ code: 1, output: expect.stringContaining('No books are kept here') });
  await keepBooks(stack);
  const unknown = await stack.cli('reconcile', ...ASKED.with(1, 'nobody'));
  expect(unknown).toMatchObject({ code: 1, output: expect.stringContaining('no destination nobody') });
  stack.sandbox.lago.faults.add({ times: 'always', respond: { status: 401 } });
  const refused = await stack.cli('reconcile', ...ASKED);
  expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('the API key is refused') });
});
