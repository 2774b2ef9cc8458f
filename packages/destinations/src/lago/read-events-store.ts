import { isJsonObject } from '@meterbridge/segment-events';
import { describeProblem } from '../check-connection.js';
import type { EventsStore, ToldEventsStore } from '../destination.js';
import type { HttpClient } from '../http-client.js';
import { readAnswer } from '../read-answer.js';

/**
 * Lago's two stores, and what follows from each (lago-api: create_batch_service.rb, clickhouse_store.rb,
 * kafka_producer_service.rb).
 */
const STORES: Record<string, EventsStore> = {
  postgres: {
    name: 'postgres',
    follows: 'a 200 means stored; a repeat is told to be one, whatever its time, and the first one counts',
  },
  clickhouse: {
    name: 'clickhouse',
    follows:
      'a 200 is given before an event is stored; a repeat with another time is billed twice; a repeat is never told to be one',
  },
};

/**
 * Asks which store an organization's events are in (`events_store` of `GET /organizations`, Lago 1.47.0 and later).
 * Changes nothing there.
 */
export async function readLagoEventsStore(http: Pick<HttpClient, 'get'>): Promise<ToldEventsStore> {
  const answer = await http.get('/api/v1/organizations');
  if ('error' in answer || answer.status !== 200) return { told: false, problem: describeProblem(answer) };
  const { json } = readAnswer(answer);
  if (!isJsonObject(json) || !isJsonObject(json.organization)) {
    return { told: false, problem: 'the answer holds no organization' };
  }
  const { events_store: name } = json.organization;
  if (name === undefined) return { told: false, problem: 'Lago before 1.47.0 does not say' };
  const store = typeof name === 'string' && Object.hasOwn(STORES, name) ? STORES[name] : undefined;
  return store
    ? { told: true, store }
    : { told: false, problem: `events_store is neither ${Object.keys(STORES).join(' nor ')}` };
}
