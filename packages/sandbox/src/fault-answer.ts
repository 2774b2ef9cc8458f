import { type Answer, answerJson } from './answer.js';
import type { Fault } from './faults.js';

/** A scripted answer: an object as JSON, a string as text unless its headers name another type. */
export function toFaultAnswer(respond: Fault['respond']): Answer | undefined {
  if (respond === undefined) return undefined;
  const { status, headers = {}, body = '' } = respond;
  if (typeof body === 'object') return answerJson(status, body, headers);
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  return {
    status,
    headers: hasType ? headers : { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
    body,
  };
}
