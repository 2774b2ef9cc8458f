import type { Answer, ApiRequest } from './answer.js';
import { FaultScript } from './faults.js';
import { Traffic } from './traffic.js';

/** One API as the server sees it. */
export type BillingApi = {
  answer: (request: ApiRequest) => Answer;
  /** The idempotency keys in a parsed body. */
  findKeys: (body: unknown) => string[];
  traffic: Traffic;
  faults: FaultScript;
};

export function createBillingApi(answer: BillingApi['answer'], findKeys: BillingApi['findKeys']): BillingApi {
  return { answer, findKeys, traffic: new Traffic(), faults: new FaultScript() };
}
