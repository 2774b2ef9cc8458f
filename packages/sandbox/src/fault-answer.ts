import { type Answer, answerJson } from './answer.js';
import type { Fault } from './faults.js';

/** A scripted answer: an object as JSON, a string as text, unless its headers name another type. */
export function toFaultAnswer(respond: Fault['respond']): Answer | undefined {
  if (respond === undefined) return undefined;
  const { status, body = '' } = respond;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(respond.headers ?? {})) headers[name.toLowerCase()] = value;
  if (typeof body === 'object') return answerJson(status, body, headers);
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body };
}
