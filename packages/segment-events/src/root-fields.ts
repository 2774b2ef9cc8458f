import { splitPath } from './path.js';
import { CALL_TYPES } from './segment-event.js';
import { suggest } from './suggest.js';

/** What can stand in a field at the root of a frozen event; null is its absence. */
export type RootField = { types: readonly ('string' | 'object' | 'null')[]; words?: readonly string[] };

const TEXT: RootField = { types: ['string'] };
const OPTIONAL_TEXT: RootField = { types: ['string', 'null'] };
const OPTIONAL_OBJECT: RootField = { types: ['object', 'null'] };
/** Nothing is known of it: it passes through as it was sent. */
const ANYTHING = null;

/**
 * The fields that Segment, its libraries and others that speak its Tracking API set at an event's root
 * (segment.com/docs/connections/spec/common; RudderStack's beside them).
 */
const ROOT_FIELDS: ReadonlyMap<string, RootField | null> = new Map(
  Object.entries({
    type: { types: ['string'], words: CALL_TYPES } as RootField,
    messageId: TEXT,
    timestamp: TEXT,
    receivedAt: TEXT,
    userId: OPTIONAL_TEXT,
    anonymousId: OPTIONAL_TEXT,
    groupId: OPTIONAL_TEXT,
    previousId: OPTIONAL_TEXT,
    event: OPTIONAL_TEXT,
    name: OPTIONAL_TEXT,
    properties: OPTIONAL_OBJECT,
    traits: OPTIONAL_OBJECT,
    context: OPTIONAL_OBJECT,
    integrations: OPTIONAL_OBJECT,
    category: ANYTHING,
    channel: ANYTHING,
    originalTimestamp: ANYTHING,
    sentAt: ANYTHING,
    version: ANYTHING,
    projectId: ANYTHING,
    options: ANYTHING,
    _metadata: ANYTHING,
    rudderId: ANYTHING,
    request_ip: ANYTHING,
  }),
);

/** The shape of a field at the root; undefined for a path below it, and where nothing is known. */
export function rootFieldOf([root, ...below]: readonly string[]): RootField | undefined {
  return below.length > 0 ? undefined : (ROOT_FIELDS.get(root!) ?? undefined);
}

/**
 * Says why no event has a value at a path; undefined where one may. Fields that Segment does not know pass through
 * the receiver: whoever sends some of their own writes their path with a backslash (`\tenant`) and is not asked here.
 */
export function findRootProblem(path: readonly string[]): string | undefined {
  const [root, ...below] = path;
  if (root === 'writeKey')
    return 'found writeKey, which is taken out of every event; name the source instead';
  const known = ROOT_FIELDS.get(root!);
  if (known === undefined) {
    const roots = [...ROOT_FIELDS.keys()].filter((each) => below.length === 0 || !isText(each));
    const meant = suggest(root!, roots) ?? `properties.${root}`;
    const whole = [meant, ...below].join('.');
    return `found ${root}, which no event of Segment has at its root; did you mean ${whole}? (a root field of your own: \\${root})`;
  }
  if (isText(root!) && below.length > 0)
    return `found ${path.join('.')}, but ${root} is text and holds no fields`;
  return undefined;
}

function isText(root: string): boolean {
  return ROOT_FIELDS.get(root)?.types.includes('string') ?? false;
}

/** The same of a path as it is written in the configuration; undefined for one that is no path, too. */
export function findWrittenRootProblem(text: string): string | undefined {
  const split = splitPath(text);
  return !split.ok || text.startsWith('\\') ? undefined : findRootProblem(split.path);
}
