import type { RequestRef, Verdict } from '@meterbridge/delivery';
import { type Destination, type HttpAnswer, isLarge, type RequestHead } from '@meterbridge/destinations';
import { jobsOf, requestsOf } from './carried.js';
import type { Entry } from './entry.js';
import { describeFailure, type FailedRequest, type Scrub, valuesOf } from './failed-request.js';

export type SendRequestOptions = {
  destination: Pick<Destination, 'storableBytes' | 'request' | 'classify' | 'control'>;
  post: (path: string, body: Uint8Array, head: RequestHead) => Promise<HttpAnswer>;
  /** Epoch milliseconds. */
  now: () => number;
  /** Takes secrets out of what an API says, before it is logged or kept with the gate. */
  scrub?: Scrub;
  onRequest?: (request: SentRequest) => void;
  /** Names each request in logs and, as `X-Request-Id`, at the API; its requests have no name where left out. */
  nextAttemptId?: () => string;
};

/** One request that was made, for logs and metrics. */
export type SentRequest = {
  attemptId: string | undefined;
  path: string;
  /** Of which its events are, each once. */
  jobIds: string[];
  /** The requests that brought its events, each once. To be called at once: what is answered is let go of. */
  requests: () => RequestRef[];
  events: number;
  bytes: number;
  /** Events that come near what the API can store of one. */
  large: number;
  durationMs: number;
  /** Milliseconds between asking for a permit and having it. */
  waitedMs: number;
  status: number | undefined;
  verdict: Verdict['verdict'];
} & Partial<FailedRequest>;

/**
 * Makes one request of a batch, or the control where it is empty. Never rejects.
 * @param askedAt when its permit was asked for, epoch milliseconds
 * @returns the cause of what failed beside the verdict: the verdict's own words may repeat what was sent
 */
export async function sendRequest(
  batch: readonly Entry[],
  askedAt: number,
  options: SendRequestOptions,
): Promise<{ verdict: Verdict; bytes: number; cause: string }> {
  const { destination, now } = options;
  const usages = batch.map((entry) => entry.usage);
  const startedAt = now();
  const attemptId = options.nextAttemptId?.();
  let path = '';
  let bytes = 0;
  let status: number | undefined;
  let verdict: Verdict;
  try {
    const request = batch.length === 0 ? destination.control! : destination.request(usages);
    const body = Buffer.from(request.body);
    bytes = body.length;
    path = request.path;
    const answer = await options.post(path, body, withId(request, attemptId));
    if ('status' in answer) status = answer.status;
    verdict = destination.classify(answer, usages, now());
    if (batch.length === 0) verdict = readControl(verdict, destination.control!.isAnswered(answer));
  } catch (error) {
    // A bug of ours must not leave its events waiting for ever: they are tried again, and it is seen.
    verdict = {
      verdict: 'transient',
      code: 'unexpected_answer',
      detail: `internal: ${(error as Error).name}`,
    };
  }
  const durationMs = now() - startedAt;
  const waitedMs = startedAt - askedAt;
  const failure = describeFailure(verdict, () => valuesOf(usages), options.scrub ?? ((text) => text));
  options.onRequest?.({
    attemptId,
    path,
    jobIds: jobsOf(batch),
    requests: () => requestsOf(batch),
    events: batch.length,
    bytes,
    large: batch.filter((entry) => isLarge(entry.bytes, destination.storableBytes)).length,
    durationMs,
    waitedMs,
    status,
    verdict: verdict.verdict,
    ...failure,
  });
  return { verdict, bytes, cause: failure?.cause ?? '' };
}

function withId(head: RequestHead, attemptId: string | undefined): RequestHead {
  if (attemptId === undefined) return head;
  return { contentType: head.contentType, headers: { ...head.headers, 'x-request-id': attemptId } };
}

/** An answer to a control that is not the API's own says what it would say of events, but never that they are taken. */
function readControl(verdict: Verdict, isAnswered: boolean): Verdict {
  if (isAnswered) return { verdict: 'settled', entries: [] };
  if (verdict.verdict !== 'settled') return verdict;
  const detail = 'a request without events was answered as if it had some';
  return { verdict: 'transient', code: 'unexpected_answer', detail };
}
