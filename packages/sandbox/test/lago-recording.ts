import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One request to a real Lago 1.51.0 and what it answered. `raw` is a body that is not sent as JSON of `body`. */
export type Recorded = {
  name: string;
  request: { method: string; path: string; body?: unknown; raw?: string };
  answer: { status: number; body: unknown };
};

export type LagoRecording = {
  writes: Recorded[];
  reads: Recorded[];
  deletedMetric: Recorded[];
  /** One event after the other, and the usage after it. */
  sums: { rows: { value: unknown; unitsAfter: string; eventsAfter: number }[] };
};

/** A file of ../shared/data; undefined where it is not at hand, and the test must skip. */
export function loadRecording<T>(file: string): T | undefined {
  const path = fileURLToPath(new URL(`../../../../shared/data/${file}`, import.meta.url));
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}

const MORE_CHARACTERS = /^(.*?)… \((\d+) characters\)$/su;
const MORE_ITEMS = /^… \((\d+) in all\)$/u;

/** A request as it was sent: the recording shortens long texts, and lists whose items are numbered. */
export function lengthen(value: unknown): unknown {
  if (typeof value === 'string') {
    const [, start, length] = MORE_CHARACTERS.exec(value) ?? [];
    return start === undefined ? value : start.padEnd(Number(length), start.at(-1));
  }
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, lengthen(item)]));
  const total = totalOf(value);
  if (total === undefined) return value.map(lengthen);
  const first = JSON.stringify(value[0]);
  // The items differ in one number: `p638804-1000` with 1000 tokens, then 1001.
  const number = Number(/-(\d+)"/.exec(first)![1]);
  return Array.from({ length: total }, (_item, i) =>
    JSON.parse(first.replaceAll(String(number), String(number + i))),
  );
}

/** Ids and times of storing are each system's own. */
const VARYING = /^(lago_.*id|created_at)$/;

/**
 * An answer with what varies reduced to its type. Of a list that the recording shortened only the beginning
 * and the length are left; `like` is the recorded value that says so.
 */
export function toComparable(value: unknown, like: unknown = value): unknown {
  if (Array.isArray(value)) {
    const total = Array.isArray(like) ? totalOf(like) : undefined;
    if (total === undefined)
      return value.map((item, i) => toComparable(item, Array.isArray(like) ? like[i] : undefined));
    const isShortened = totalOf(value) !== undefined;
    const kept = (like as unknown[]).findIndex(isMore);
    return {
      length: isShortened ? total : value.length,
      first: value.slice(0, kept).map((item) => toComparable(item)),
    };
  }
  if (typeof value !== 'object' || value === null) return lengthen(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      VARYING.test(key)
        ? typeof item
        : toComparable(item, (like as Record<string, unknown> | undefined)?.[key]),
    ]),
  );
}

function totalOf(list: readonly unknown[]): number | undefined {
  const more = list.find(isMore);
  return more === undefined ? undefined : Number(MORE_ITEMS.exec(more)![1]);
}

function isMore(item: unknown): item is string {
  return typeof item === 'string' && MORE_ITEMS.test(item);
}
