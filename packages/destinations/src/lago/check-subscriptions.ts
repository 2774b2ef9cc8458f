import { describeUnready } from '../check-connection.js';
import type { ConnectionCheck } from '../destination.js';
import type { HttpClient } from '../http-client.js';

/** Whether the key may read subscriptions, which a rule with a lookup needs. Changes nothing there. */
export async function checkSubscriptionReads(http: Pick<HttpClient, 'get'>): Promise<ConnectionCheck> {
  const answer = await http.get('/api/v1/subscriptions?page=1&per_page=1');
  return 'status' in answer && answer.status === 200 ? { ready: true } : describeUnready(answer);
}
