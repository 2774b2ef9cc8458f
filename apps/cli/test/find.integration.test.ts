import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { FoundEvent } from '@meterbridge/operations';
import { useRedis } from '@meterbridge/testing';
import { openBooks } from './books-stack.js';
import { makeTracks, sendAll } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';

const suite = useRedis();
const stacks = useStack(suite);

async function find(stack: Stack, ...args: string[]): Promise<{ code: number | null; found: FoundEvent }> {
  const { code, output } = await stack.cli('find', '--json', ...args);
  return { code, found: JSON.parse(output) as FoundEvent };
}

const outcomesOf = ({ deliveries, deadLetters }: FoundEvent) => [
  ...deliveries.map(({ destination, outcome }) => `${destination} ${outcome}`).toSorted(),
  ...deadLetters.map(({ destination, reason }) => `${destination} ${reason}`),
];

test('an event is followed from its receipts to what both APIs hold, by each of its ids', async () => {
  const { stack, receiver, archivist, deliver } = await openBooks(stacks);
  const [track, ...others] = makeTracks(3);
  const [unmappable] = makeTracks(1, { properties: { model: 'small', subscription_id: 'sub-1' } });
  await deliver([track!, ...others, unmappable!]);

  const { code, found } = await find(stack, track!.messageId);
  expect(code).toBe(0);
  expect(outcomesOf(found)).toEqual(['hyperline delivered', 'lago delivered']);
  expect(found.held.map(({ rows }) => rows.map(({ fields }) => fields))).toEqual([[[]], [[]]]);
  const { request, sent, waits } = found.deliveries.find(({ destination }) => destination === 'lago')!;
  expect([sent, waits]).toEqual([expect.objectContaining({ transaction_id: track!.messageId }), false]);

  const byRequest = await find(stack, request!, '--offline');
  expect(byRequest.found.deliveries).toHaveLength(7);
  expect(byRequest.found).toMatchObject({ held: [], deadLetters: [{ destination: 'lago' }] });
  const dead = await find(stack, unmappable!.messageId);
  expect(outcomesOf(dead.found)).toEqual(['hyperline delivered', 'lago unmapped']);

  const text = await stack.cli('find', track!.messageId);
  expect(text.output).toMatch(/^lago, rule api-calls: delivered$/m);
  expect(text.output).toMatch(/^ {2}lago, api_call, stack-\d+: what was sent, as /m);
  const unknown = await stack.cli('find', 'nobody');
  expect(unknown.code).toBe(1);
  expect(unknown.output).toContain('Nothing is known of nobody.');
  expect(unknown.output).toMatch(/older than the books of lago, which begin 20/);

  // Nobody takes it out of Redis.
  archivist.process.signal('SIGTERM');
  await archivist.process.exited;
  const [later] = makeTracks(1);
  await sendAll(receiver.url, [later!]);
  await stack.settled(5);
  const waiting = await find(stack, later!.messageId);
  expect(outcomesOf(waiting.found)).toEqual(['hyperline delivered', 'lago delivered']);
  expect(waiting.found.deliveries.map(({ waits: each }) => each)).toEqual([true, true]);
  expect(waiting.found.places.find(({ destination }) => destination === 'lago')).toMatchObject({
    waiting: 1,
  });
});

test('without books it says so', async () => {
  const stack = await stacks.open();
  const none = await stack.cli('find', 'one');
  expect([none.code, none.output]).toEqual([1, expect.stringContaining('No books are kept here')]);
  stack.env.RECEIPTS_DIRECTORY = join(stack.env.METERBRIDGE_CONFIG!, '..', 'nowhere');
  const nowhere = await stack.cli('find', 'one');
  expect([nowhere.code, nowhere.output]).toEqual([1, expect.stringContaining('There are no books in ')]);
});
