import type { ConnectionCheck } from './destination.js';
import type { HttpAnswer } from './http-answer.js';
import { describeMove } from './read-answer.js';

/** What stands in the way, in words for the operator; a body is not repeated. */
export function describeUnready(answer: HttpAnswer): ConnectionCheck {
  return { ready: false, problem: describeProblem(answer) };
}

/** The same for an answer to anything else that was asked. */
export function describeProblem(answer: HttpAnswer): string {
  return 'error' in answer ? `no answer: ${answer.detail}` : explain(answer);
}

function explain({ status, headers }: Extract<HttpAnswer, { status: number }>): string {
  switch (status) {
    case 301:
    case 308:
      return `${describeMove({ headers })} (HTTP ${status})`;
    case 401:
      return 'the API key is refused (HTTP 401)';
    case 403:
      return 'the API key lacks a permission (HTTP 403)';
    case 429:
      return 'the rate limit is spent (HTTP 429)';
  }
  if (status >= 500) return `the API is in trouble (HTTP ${status})`;
  return `this is not how the API answers (HTTP ${status}): is the URL right?`;
}
