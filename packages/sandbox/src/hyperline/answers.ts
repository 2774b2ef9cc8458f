import { type Answer, answerJson } from '../answer.js';

/** Hyperline's errors are one message (docs.hyperline.co, errors page). */
export function answerHyperlineError(status: number, message: string): Answer {
  return answerJson(status, { message });
}

export const HYPERLINE_UNAUTHENTICATED = answerHyperlineError(401, 'Missing authentication token');
export const HYPERLINE_WRONG_KEY = answerHyperlineError(401, 'Invalid authentication token');
export const HYPERLINE_NOT_FOUND = answerHyperlineError(404, 'Route not found');

/** Text, not JSON: a client that parses it without asking fails here. */
export const HYPERLINE_TOO_MANY_REQUESTS: Answer = {
  status: 429,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'Too many requests',
};
