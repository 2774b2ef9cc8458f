import { setTimeout as sleep } from 'node:timers/promises';
import { IP_ADDRESS, WRITE_KEY } from './stack-config.js';

/** One answer, or none: status 0 where the connection failed. */
export type Answered = { status: number; durationMs: number; retryAfter: string | null; text: string };

export type Track = Record<string, unknown> & { messageId: string };

let sequence = 0;

/** API calls of one account, each with an id of its own, in the last minutes. */
export function makeTracks(count: number, changes: Record<string, unknown> = {}): Track[] {
  return Array.from({ length: count }, () => {
    sequence += 1;
    return {
      type: 'track',
      event: 'API Call',
      messageId: `stack-${sequence}`,
      userId: `user-${sequence % 10}`,
      timestamp: new Date(Date.now() - (sequence % 600) * 1_000).toISOString(),
      properties: { tokens: sequence, model: 'small', subscription_id: 'sub-1' },
      context: { groupId: 'acct-1', ip: IP_ADDRESS },
      ...changes,
    };
  });
}

/** A busy machine is no failure: this ends a test that hangs. */
const ANSWERS_WITHIN_MS = 60_000;

/** Sends a batch once. */
export async function postBatch(receiverUrl: string, batch: readonly Track[]): Promise<Answered> {
  const began = performance.now();
  const done = (status: number, retryAfter: string | null, text: string): Answered => ({
    status,
    durationMs: performance.now() - began,
    retryAfter,
    text,
  });
  try {
    const answer = await fetch(`${receiverUrl}/v1/batch`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`${WRITE_KEY}:`).toString('base64')}`,
      },
      body: JSON.stringify({ batch, sentAt: new Date().toISOString() }),
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    return done(answer.status, answer.headers.get('retry-after'), await answer.text());
  } catch (error) {
    return done(0, null, String(error));
  }
}

/** As every Segment client does: the same batch again until it is taken. Gives back every answer. */
export async function sendUntilTaken(
  receiverUrl: string,
  batch: readonly Track[],
  pauseMs = 100,
): Promise<Answered[]> {
  const answers: Answered[] = [];
  for (;;) {
    const answered = await postBatch(receiverUrl, batch);
    answers.push(answered);
    if (answered.status === 200) return answers;
    if (answers.length > 300) throw new Error(`never taken: ${answered.status} ${answered.text}`);
    await sleep(pauseMs);
  }
}

/** Sends in batches, one after the other. */
export async function sendAll(receiverUrl: string, tracks: readonly Track[], perBatch = 100): Promise<void> {
  for (let at = 0; at < tracks.length; at += perBatch) {
    await sendUntilTaken(receiverUrl, tracks.slice(at, at + perBatch));
  }
}
