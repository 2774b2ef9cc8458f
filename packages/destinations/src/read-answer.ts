import type { EntryVerdict, Verdict } from '@meterbridge/delivery';
import type { HttpAnswer } from './http-answer.js';
import { readMovedAddress } from './moved-address.js';
import { readRefusedWaitMs, readSpentWaitMs } from './rate-limit-headers.js';

/** An answer that came, with its body read as JSON (undefined where it is none). */
export type ReadAnswer = {
  status: number;
  headers: Record<string, string | undefined>;
  body: string;
  json: unknown;
};

const MAX_DETAIL = 300;

/** Reads a body as far as it can be read; HTML, text and nothing at all are no JSON and no error. */
export function readAnswer(answer: Extract<HttpAnswer, { status: number }>): ReadAnswer {
  let json: unknown;
  try {
    json = JSON.parse(answer.body);
  } catch {
    json = undefined;
  }
  return { ...answer, json };
}

/**
 * What APIs mean alike: trouble on the way, limits, keys and addresses. Undefined leaves the answer
 * to the destination.
 * @param words the API's own, from fields that are known to hold a message
 * @param isOwn whether the answer is in the API's own words: a proxy's 401 or 429 may be for what one event holds
 */
export function classifyStatus(
  answer: ReadAnswer,
  words: string,
  now: number,
  isOwn: boolean,
): Verdict | undefined {
  const { status } = answer;
  const detail = describe(status, words);
  switch (status) {
    case 301:
    case 308:
      return { verdict: 'hold', code: 'wrong_url', status, detail: describe(status, describeMove(answer)) };
    case 401:
      return isOwn ? { verdict: 'hold', code: 'unauthorized', status, detail } : refuse(answer, words, false);
    case 403:
      return isOwn ? { verdict: 'hold', code: 'forbidden', status, detail } : refuse(answer, words, false);
    case 405:
      return isOwn ? { verdict: 'hold', code: 'wrong_url', status, detail } : refuse(answer, words, false);
    case 408:
      return { verdict: 'transient', code: 'timeout', status, detail };
    case 413:
      return { verdict: 'smaller', by: 'bytes', status, detail };
    case 425:
      return { verdict: 'transient', code: 'server_error', status, detail };
    case 429: {
      const waitMs = readRefusedWaitMs(answer.headers, now);
      return isOwn
        ? { verdict: 'rate-limited', waitMs }
        : { verdict: 'refused', status, detail, isWorded: false, waitMs };
    }
  }
  if (status >= 500) return { verdict: 'transient', code: 'server_error', status, detail };
  // Not for good, by its own word (302, 307): an API behind a page for maintenance comes back by itself.
  if (status >= 300 && status < 400) {
    return unexpected(status, 'a redirect, which is not followed: is the URL right?');
  }
  // No API documents another: it may be said of what one event holds (406, 409, 451).
  return status >= 400 && !isOwn && !LEFT_TO_THE_API.includes(status)
    ? refuse(answer, words, false)
    : undefined;
}

const LEFT_TO_THE_API = [400, 404, 422];

/**
 * Moved for good (301, 308): every request will meet it, until a person has set the new URL. It is not followed,
 * since the key would go along.
 */
export function describeMove({ headers }: Pick<ReadAnswer, 'headers'>): string {
  const address = readMovedAddress(headers.location);
  return `the API has moved ${address ? `to ${address}` : 'and does not say where to'}: is the URL right?`;
}

/** No answer came, or none that could be read: nobody knows whether the request was carried out. */
export function classifyTrouble(answer: Extract<HttpAnswer, { error: string }>): Verdict {
  const code = answer.error === 'oversized' ? 'unexpected_answer' : answer.error;
  return { verdict: 'transient', code, detail: cut(answer.detail) };
}

/** An answer the API's documentation does not know: the same bytes later, and the breaker counts it. */
export function unexpected(status: number, detail: string): Verdict {
  return { verdict: 'transient', code: 'unexpected_answer', status, detail: describe(status, detail) };
}

/** A limiter on the way refuses by chance: its word is no more than that of a server in trouble. */
export function codeOfRefusal(status: number): 'refused' | 'unexpected_answer' {
  return status === 429 ? 'unexpected_answer' : 'refused';
}

/** Something is refused, and the answer does not name it. @param isWorded whether the words are the API's own */
export function refuse(answer: ReadAnswer, words: string, isWorded: boolean): Verdict {
  const { status } = answer;
  return { verdict: 'refused', status, detail: describe(status, words), isWorded };
}

export function refused(status: number, words: string): EntryVerdict {
  return { outcome: 'failed', code: 'refused', status, detail: describe(status, words) };
}

/** One entry for each event sent, with the wait that a spent limit asks for. */
export function settle(entries: EntryVerdict[], answer: Pick<ReadAnswer, 'headers'>, now: number): Verdict {
  const waitMs = readSpentWaitMs(answer.headers, now);
  return { verdict: 'settled', entries, waitMs };
}

function describe(status: number, words: string): string {
  return cut(words === '' ? `HTTP ${status}` : `HTTP ${status}: ${words}`);
}

function cut(text: string): string {
  return text.length <= MAX_DETAIL ? text : `${text.slice(0, MAX_DETAIL - 1)}…`;
}
