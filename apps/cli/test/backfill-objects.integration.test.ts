import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import type { BackfillReport } from '@meterbridge/operations';
import { useClosing, useRedis } from '@meterbridge/testing';
import { calls, toLines } from '../../../packages/operations/test/archive.js';
import { startObjectStore } from './object-store.js';
import { type Stack, useStack } from './run-stack.js';

const suite = useRedis();
const stacks = useStack(suite);
const closing = useClosing();

async function open() {
  const [stack, store] = [await stacks.open(), await startObjectStore()];
  closing.push(store.close);
  const login = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'never-shown-secret' };
  Object.assign(stack.env, login, { AWS_ENDPOINT_URL_S3: store.url });
  for (const [n, name] of ['a.gz', 'b.ndjson', 'c.gz'].entries()) {
    const text = toLines(calls(300, n * 300));
    store.objects.set(`logs/${name}`, name.endsWith('.gz') ? gzipSync(text) : Buffer.from(text));
  }
  store.objects.set('logs/', Buffer.alloc(0));
  store.objects.set('logs-of-before/a.ndjson', Buffer.from(toLines(calls(1, 5_000))));
  return { stack, store };
}

async function backfill(stack: Stack, ...args: string[]) {
  const { code, output } = await stack.cli('backfill', '--json', '--yes', ...args);
  expect(output).not.toContain('never-shown');
  const report = JSON.parse(output.slice(output.indexOf('{\n'))) as BackfillReport;
  return { code, ...report };
}

test('objects below a prefix are brought in, over all pages of their list', async () => {
  const { stack, store } = await open();
  const dry = await backfill(stack, '--dry-run', 's3://archive/logs');
  expect(dry).toMatchObject({ code: 0, files: 3, lines: 900, events: 900 });
  expect(store.asked).toEqual(['list first', 'list 2', 'list 4', 'logs/a.gz', 'logs/b.ndjson', 'logs/c.gz']);
  expect(await backfill(stack, 's3://archive/logs/')).toMatchObject({ code: 0, state: 'done', events: 900 });
  expect(await stack.account()).toMatchObject({ accepted: 900 });
});

test('an object that is cut off is named, and gone on with where it stopped', async () => {
  const { stack, store } = await open();
  const size = store.objects.get('logs/b.ndjson')!.length;
  store.cutAfter.set('logs/b.ndjson', Math.floor(size / 2));
  const first = await backfill(stack, 's3://archive/logs', '--s3-endpoint', store.url);
  expect(first).toMatchObject({ code: 1, unreadable: [{ file: 's3://archive/logs/b.ndjson' }] });
  const reached = first.unreadable[0]!.line;
  expect(reached).toBeGreaterThan(0);
  expect(first.events).toBe(600 + reached);
  store.cutAfter.clear();
  const asked = store.asked.length;
  expect(await backfill(stack, 's3://archive/logs', '--resume')).toMatchObject({
    code: 0,
    events: 300 - reached,
  });
  expect(new Set(store.asked.slice(asked).filter((what) => what.startsWith('logs')))).toEqual(
    new Set(['logs/b.ndjson']),
  );
  expect(await stack.account()).toMatchObject({ accepted: 900 });
});

test.each([
  ['s3://other/logs', /^s3:\/\/other\/logs cannot be listed: AccessDenied, no: AccessDenied\n$/],
  ['s3://archive/nothing', /^no archive at s3:\/\/archive\/nothing\n$/],
  ['s3:///logs', /^s3:\/\/\/logs: s3:\/\/bucket\/prefix was expected\n$/],
])('%s is refused in one sentence', async (url, sentence) => {
  const { stack } = await open();
  const { code, output } = await stack.cli('backfill', url);
  expect(code).toBe(1);
  expect(output).toMatch(sentence);
});
