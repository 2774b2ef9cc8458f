import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { IP_ADDRESS } from '@meterbridge/testing/sample-config';

export type ArchivedCall = Record<string, unknown> & { messageId: string; timestamp: string };

const FIRST_MS = Date.UTC(2021, 2, 1);

/** The nth call of an archive: one a second from March 2021 on, as Segment keeps them. */
export function archived(n: number, changes: Record<string, unknown> = {}): ArchivedCall {
  const timestamp = new Date(FIRST_MS + n * 1_000).toISOString();
  return {
    type: 'track',
    event: 'API Call',
    messageId: `archived-${n}`,
    userId: `user-${n % 10}`,
    timestamp,
    originalTimestamp: timestamp,
    sentAt: timestamp,
    receivedAt: new Date(FIRST_MS + n * 1_000 + 250).toISOString(),
    properties: { tokens: n, model: 'small', subscription_id: 'sub-1' },
    context: { groupId: 'acct-1', ip: IP_ADDRESS, library: { name: 'analytics.js' } },
    integrations: {},
    ...changes,
  };
}

export function calls(count: number, from = 0): ArchivedCall[] {
  return Array.from({ length: count }, (_, n) => archived(from + n));
}

/** A line each; what is text already stands as it is. */
export function toLines(items: readonly unknown[]): string {
  return items.map((item) => `${typeof item === 'string' ? item : JSON.stringify(item)}\n`).join('');
}

/** Gzip'd where its name says so. */
export async function writeArchive(file: string, items: readonly unknown[]): Promise<void> {
  const text = toLines(items);
  await writeFile(file, file.endsWith('.gz') ? gzipSync(text) : text);
}

/** A call with so many bytes more than it needs, of which no usage is made. */
function padded(n: number, bytes: number): ArchivedCall {
  return archived(n, { context: { groupId: 'acct-1', padding: 'x'.repeat(bytes) } });
}

/** Calls of some kilobytes each, more of them than fit in memory. */
export async function writeLargeArchive(file: string, count: number, bytesEach: number): Promise<void> {
  const gzip = createGzip({ level: 1 });
  const written = finished(gzip.pipe(createWriteStream(file)));
  for (let n = 0; n < count; n += 1) {
    const isTaken = gzip.write(toLines([padded(n, bytesEach)]));
    if (!isTaken) await new Promise((resolve) => gzip.once('drain', resolve));
  }
  gzip.end();
  await written;
}
