import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { WRITE_KEY } from '@meterbridge/testing/sample-config';
import type { Load } from './load.js';

const AUTHORIZATION = `Basic ${Buffer.from(`${WRITE_KEY}:`).toString('base64')}`;
const TIMEOUT_MS = 5_000;
const LONGEST_WAIT_MS = 2_000;

/**
 * Posts a batch to any of the receivers until one answers 200, as Segment's clients and its servers do.
 * @param body made anew for each try: clients stamp the time of sending
 * @returns false where the run ended before that
 */
export async function postUntilTaken(
  receiverUrls: string[],
  body: () => string,
  options: { compress: boolean; random: () => number; signal: AbortSignal; load: Load },
): Promise<boolean> {
  const { compress, random, signal, load } = options;
  while (!signal.aborted) {
    const url = receiverUrls[Math.floor(random() * receiverUrls.length)]!;
    const began = performance.now();
    const { status, retryAfterMs } = await post(`${url}/v1/batch`, body(), compress);
    load.statuses.set(status, (load.statuses.get(status) ?? 0) + 1);
    if (status === 200) {
      load.latenciesMs.push(performance.now() - began);
      return true;
    }
    if (status >= 400 && status < 500 && status !== 429) throw new Error(`the receiver answered ${status}`);
    await sleep(Math.min(retryAfterMs, LONGEST_WAIT_MS));
  }
  return false;
}

async function post(
  url: string,
  body: string,
  compress: boolean,
): Promise<{ status: number; retryAfterMs: number }> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: AUTHORIZATION,
        ...(compress ? { 'content-encoding': 'gzip' } : {}),
      },
      body: compress ? gzipSync(body, { level: 1 }) : body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.arrayBuffer();
    const told = Number(answer.headers.get('retry-after'));
    return { status: answer.status, retryAfterMs: told > 0 ? told * 1_000 : 100 };
  } catch {
    return { status: 0, retryAfterMs: 100 };
  }
}
