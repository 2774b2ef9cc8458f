import { hashValue, hashWithKey, maskValue } from './mask-value.js';
import { splitPath } from './path.js';
import { isJsonObject } from './segment-event.js';

/** Dotted paths, from the event's root, to what may not be stored. A path that leads to a list's items goes on in each of them. */
export type PrivacyRules = {
  drop?: readonly string[];
  mask?: readonly string[];
  /** Hashed with the installation's key. */
  hash?: readonly string[];
  /** Hashed without a key, as others can do it too. */
  sha256?: readonly string[];
};

/** Gives back the event without what the rules take; shares with the original whatever the rules leave. */
export type Privacy = <T>(event: T) => T;

type Change = (value: unknown) => unknown;

// What an event is stored, found and billed by. Taking it away would be losing the event.
const PROTECTED = new Set(['type', 'messageId', 'timestamp', 'receivedAt']);

/** What is wrong with a path in a privacy rule, or null. */
export function findPrivacyPathProblem(text: string): string | null {
  const split = splitPath(text);
  if (!split.ok) return split.problem;
  const [field, ...rest] = split.path;
  return rest.length === 0 && PROTECTED.has(field!)
    ? `${field} is needed to bill the event and cannot be taken`
    : null;
}

/**
 * Compiles a source's privacy rules, to be run on every event before it is stored, refused ones included.
 * Dropping comes first, then masking, then hashing with the key, then without. The original is never touched: the events of one
 * batch may share their context, and a second hashing would hash the hash.
 *
 * Run it on the frozen event, not before: the id of an event without messageId is the hash of its whole
 * content, so that two events that differ in a dropped field stay two, and a change of these rules between
 * a client's first try and its retry makes no second event.
 * @param key of the installation, for `hash`
 * @throws {TypeError} for a path that `findPrivacyPathProblem` names, and for `hash` without a key.
 */
export function compilePrivacy(rules: PrivacyRules, key?: string): Privacy {
  const steps = [
    ...compileSteps(rules.drop, () => undefined),
    ...compileSteps(rules.mask, maskValue),
    ...(rules.hash?.length ? compileSteps(rules.hash, hashWith(key)) : []),
    ...compileSteps(rules.sha256, hashValue),
  ];
  return <T>(event: T): T => {
    let current: unknown = event;
    for (const { path, change } of steps) current = changeAt(current, path, 0, change);
    return current as T;
  };
}

function hashWith(key: string | undefined): Change {
  if (key === undefined) throw new TypeError('hash needs the key of the installation');
  return (value) => hashWithKey(value, key);
}

function compileSteps(paths: readonly string[] = [], change: Change): { path: string[]; change: Change }[] {
  return paths.map((text) => {
    const problem = findPrivacyPathProblem(text);
    const split = splitPath(text);
    if (problem !== null || !split.ok) throw new TypeError(problem ?? 'not a path');
    return { path: split.path, change };
  });
}

/** The value with the end of the path changed: a copy along the path, the value itself where nothing is there. */
function changeAt(value: unknown, path: readonly string[], at: number, change: Change): unknown {
  const key = path[at];
  if (key === undefined) return change(value);
  if (Array.isArray(value)) {
    const isHere = (index: number) => !/^\d+$/.test(key) || Number(key) === index;
    const step = /^\d+$/.test(key) ? at + 1 : at;
    // A dropped item leaves null: its neighbours keep their places.
    return value.map((item, index) => (isHere(index) ? (changeAt(item, path, step, change) ?? null) : item));
  }
  if (!isJsonObject(value) || !Object.hasOwn(value, key)) return value;
  const changed = changeAt(value[key], path, at + 1, change);
  if (changed === value[key]) return value;
  const copy = { ...value };
  if (changed === undefined) delete copy[key];
  else copy[key] = changed;
  return copy;
}
