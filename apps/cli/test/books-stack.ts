import { join } from 'node:path';
import { countReceipts } from '@meterbridge/queue';
import { waitFor } from '@meterbridge/testing';
import { sendAll, type Track } from './retrying-client.js';
import type { Stack, StackOptions, useStack } from './run-stack.js';

export type BooksStack = {
  stack: Stack;
  receiver: { url: string };
  archivist: Awaited<ReturnType<Stack['startReady']>>;
  /** Takes and settles these events, in one request, and has their receipts on disk. */
  deliver(tracks: readonly Track[]): Promise<void>;
};

/** A stack that keeps books, with all of its processes. */
export async function openBooks(
  stacks: ReturnType<typeof useStack>,
  options: StackOptions = {},
): Promise<BooksStack> {
  const stack = await stacks.open(options);
  stack.env.RECEIPTS_DIRECTORY = join(stack.env.METERBRIDGE_CONFIG!, '..', 'receipts');
  const [receiver, , archivist] = await Promise.all([
    stack.startReady('receiver'),
    stack.startReady('worker'),
    stack.startReady('archivist'),
  ]);
  let accepted = 0;
  return {
    stack,
    receiver,
    archivist,
    async deliver(tracks) {
      accepted += tracks.length;
      await sendAll(receiver.url, tracks, tracks.length);
      await stack.settled(accepted);
      await waitFor(() => areAllKept(stack), { what: 'all receipts to be on disk' });
    },
  };
}

async function areAllKept({ redis }: Stack): Promise<boolean> {
  const waiting = await Promise.all(['lago', 'hyperline'].map((name) => countReceipts(redis, name)));
  return waiting.every(({ entries }) => entries === 0);
}
