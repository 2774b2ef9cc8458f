import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer, ApiRequest } from './answer.js';
import { parseJson } from './answer.js';
import type { BillingApi } from './billing-api.js';
import { toFaultAnswer } from './fault-answer.js';
import type { Fault } from './faults.js';
import { readBody, send, sendHalf } from './send.js';

/** What an exchange needs of the server it runs in; `delay` forgets its timers when the server closes. */
export type Surroundings = {
  now: () => number;
  latencyMs: number;
  delay: (ms: number, then: () => void) => void;
};

/** Ends an exchange: with an answer, with half of it, or without. */
type Ending = { whole: (answer: Answer) => void; half: (answer: Answer) => void; none: () => void };

/** Reads one request whole, lets a fault have its way, answers, and counts. */
export function exchange(
  api: BillingApi,
  { req, res, path, query }: { req: IncomingMessage; res: ServerResponse; path: string; query: string },
  { now, latencyMs, delay }: Surroundings,
): void {
  api.traffic.arrived(now());
  const ending = createEnding(api, res);
  res.once('close', ending.none);
  readBody(req, (body) => {
    const request: ApiRequest = {
      method: req.method ?? 'GET',
      path,
      query,
      authorization: req.headers.authorization,
      contentType: req.headers['content-type'],
      body,
    };
    const fault = api.faults.take({
      method: request.method,
      path,
      keys: () => findKeys(api, body),
      text: () => `${query} ${body}`,
    });
    const act = () => {
      if (fault === undefined) ending.whole(api.answer(request));
      else misbehave(fault, () => api.answer(request), ending, delay);
    };
    if (latencyMs > 0) delay(latencyMs, act);
    else act();
  });
}

function misbehave(fault: Fault, answer: () => Answer, ending: Ending, delay: Surroundings['delay']): void {
  const scripted = toFaultAnswer(fault.respond);
  // What is cut in its midst is a true answer, unless another is scripted: it was stored.
  const isStoredFirst = fault.afterStoring || (fault.cut === 'mid-response' && scripted === undefined);
  const stored = isStoredFirst ? answer() : undefined;
  const finish = () => {
    if (fault.hang) return;
    if (fault.cut === 'before') ending.none();
    else if (fault.cut === 'mid-response') ending.half(scripted ?? stored ?? answer());
    else ending.whole(scripted ?? stored ?? answer());
  };
  if (fault.delayMs) delay(fault.delayMs, finish);
  else finish();
}

/** Whichever comes first counts, once: an answer, or the end of the connection. */
function createEnding({ traffic }: BillingApi, res: ServerResponse): Ending {
  let isOver = false;
  const endOnce = (status: number, then: () => void) => {
    if (isOver) return;
    isOver = true;
    traffic.ended(status);
    then();
  };
  return {
    whole: (answer) => endOnce(answer.status, () => send(res, answer)),
    half: (answer) => endOnce(0, () => sendHalf(res, answer)),
    none: () => endOnce(0, () => res.destroy()),
  };
}

function findKeys(api: BillingApi, body: string): string[] {
  const parsed = parseJson(body);
  return parsed.ok ? api.findKeys(parsed.value) : [];
}
