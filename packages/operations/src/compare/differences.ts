/** One value that differs between two usage events; undefined where there is none. */
export type Difference = { path: string[]; before: unknown; after: unknown };

/** Where the JSON of two usage events differs, value by value; the order of keys means nothing. */
export function differencesOf(before: string, after: string): Difference[] {
  return compare([], JSON.parse(before), JSON.parse(after));
}

function compare(path: string[], before: unknown, after: unknown): Difference[] {
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => compare([...path, key], ownOf(before, key), ownOf(after, key)));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

function ownOf(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A list differs as a whole. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
