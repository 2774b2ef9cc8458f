import { isJsonObject } from '@meterbridge/segment-events';
import { describeProblem } from '../check-connection.js';
import type { HttpClient } from '../http-client.js';
import { readAnswer } from '../read-answer.js';

const PER_PAGE = 100;
/** Ten thousand items: more than that is an answer that never ends. */
const MAX_PAGES = 100;

export type ReadAll<Item> = { ok: true; items: Item[] } | { ok: false; problem: string };

/**
 * Reads a whole list of an account, page by page. Changes nothing.
 * @param name of the list, in the path and in the answer
 * @param read null for an item that is not one
 */
export async function readAllPages<Item>(
  http: Pick<HttpClient, 'get'>,
  name: 'billable_metrics' | 'plans',
  read: (item: unknown) => Item | null,
): Promise<ReadAll<Item>> {
  const items: Item[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const answer = await http.get(`/api/v1/${name}?page=${page}&per_page=${PER_PAGE}`);
    if ('error' in answer || answer.status !== 200) return { ok: false, problem: describeProblem(answer) };
    const { json } = readAnswer(answer);
    const list = isJsonObject(json) ? json[name] : undefined;
    if (!isJsonObject(json) || !Array.isArray(list)) {
      return { ok: false, problem: `the answer holds no ${name}` };
    }
    items.push(...list.map(read).filter((item) => item !== null));
    const isLast = !isJsonObject(json.meta) || typeof json.meta.next_page !== 'number';
    if (isLast) return { ok: true, items };
  }
  return { ok: false, problem: `there are more than ${MAX_PAGES * PER_PAGE}` };
}
