import { isJsonObject } from '@meterbridge/segment-events';
import { describeProblem } from '../check-connection.js';
import type { Read } from '../destination.js';
import type { HttpAnswer } from '../http-answer.js';
import { readAnswer } from '../read-answer.js';
import type { Held, HeldRead } from '../search-list.js';

/** Hyperline's maximum for a page. */
export const TAKE = 100;

/** What Hyperline's list restricts and orders by (docs.hyperline.co: get-events). */
export type EventsQuery = {
  event_type: string;
  customer_id?: string;
  /** Told apart by commas. */
  record_id__in?: string;
  /** Both ends are included; ISO 8601. */
  timestamp_gte?: string;
  timestamp_lte?: string;
  sort?: 'timestamp';
  order?: 'ASC' | 'DESC';
  take: string;
  skip?: string;
};

/** Where the versions in effect are listed. The only place that names filters. */
export function eventsPath(query: EventsQuery): string {
  return `/v1/events?${new URLSearchParams(query)}`;
}

/** A list of ids is told apart by commas. */
export function isListable(id: string): boolean {
  return !id.includes(',');
}

export const NO_ANSWER = {
  ok: false,
  problem: 'the answer does not hold the events that were asked for',
} as const;

/** What `eventsPath` is answered with. @returns `total` undefined where it does not say */
export function readEvents(
  answer: HttpAnswer,
): { ok: true; held: Held[]; total: number | undefined } | { ok: false; problem: string } {
  if ('error' in answer || answer.status !== 200) return { ok: false, problem: describeProblem(answer) };
  const { json } = readAnswer(answer);
  if (!isJsonObject(json) || !Array.isArray(json.data)) return NO_ANSWER;
  const held = json.data.map(readHeld);
  if (!held.every((each) => each !== null)) return NO_ANSWER;
  const total = isJsonObject(json.meta) && typeof json.meta.total === 'number' ? json.meta.total : undefined;
  return { ok: true, held, total };
}

export async function readList(
  read: Read,
  query: EventsQuery,
): Promise<HeldRead<{ total: number | undefined }>> {
  const answer = await read(eventsPath(query));
  return answer === null ? { ok: false } : readEvents(answer);
}

function readHeld(row: unknown): Held | null {
  if (!isJsonObject(row) || typeof row.record_id !== 'string') return null;
  const at = typeof row.timestamp === 'string' ? Date.parse(row.timestamp) : Number.NaN;
  return Number.isNaN(at) ? null : { id: row.record_id, at, row };
}
