import type { SegmentEvent } from './segment-event.js';

/** Fields that hold what a sender chose to name: only their paths are of interest. */
const ROOTS = ['properties', 'traits', 'context'] as const;
/** A key like these is a name that a programmer gave. Any other may be a value, even a personal one. */
const PLAIN_KEY = /^[A-Za-z_$][\w$-]{0,63}$/;
/** An object with more keys is a table, and its keys are values. */
const MAX_KEYS = 50;
const MAX_DEPTH = 5;

/** Below a path with this end, or below all where it stands alone, not every path was collected. */
export const ANY_PATH = '*';

/**
 * The paths below `properties`, `traits` and `context` that an event has a value at, inner ones too: keys joined by
 * dots, never a value. What is not followed (a list, a table, a key that may be a value) has a path that ends in `*`.
 */
export function eventPaths(event: SegmentEvent): string[] {
  const paths: string[] = [];
  for (const root of ROOTS) collect(event[root], root, 1, paths);
  return paths;
}

function collect(value: unknown, path: string, depth: number, paths: string[]): void {
  if (typeof value !== 'object' || value === null) return;
  const keys = Object.keys(value);
  if (Array.isArray(value) || keys.length > MAX_KEYS || depth === MAX_DEPTH) {
    paths.push(`${path}.${ANY_PATH}`);
    return;
  }
  for (const key of keys) {
    const below = (value as Record<string, unknown>)[key];
    if (below === null) continue;
    const isPlain = PLAIN_KEY.test(key);
    const next = `${path}.${isPlain ? key : ANY_PATH}`;
    paths.push(next);
    if (isPlain) collect(below, next, depth + 1, paths);
  }
}

/**
 * Whether a path is among collected ones, or may be, since not all were collected there. True as well of a path that
 * `eventPaths` never gives, such as one of a field at the root.
 */
export function mayBeAmong(paths: ReadonlySet<string>, path: readonly string[]): boolean {
  const [root] = path;
  const isCollected = path.length > 1 && ROOTS.some((each) => each === root);
  if (!isCollected || paths.has(ANY_PATH) || paths.has(path.join('.'))) return true;
  return path.some((_, index) => index > 0 && paths.has(`${path.slice(0, index).join('.')}.${ANY_PATH}`));
}
