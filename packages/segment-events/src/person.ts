import { hashValue, hashWithKey } from './mask-value.js';
import { isJsonObject } from './segment-event.js';

/** What a person is known by; one of the two at least. */
export type PersonIds = { userId?: string | undefined; anonymousId?: string | undefined };

/** As long as any id of a person that is looked for may be, in UTF-16 units. */
export const MAX_PERSON_ID_LENGTH = 1_000;

/** A person, ready to be looked for. */
export type Person = {
  /** Every text that stands for the person where it is stored: the ids, and what the privacy rules hash them to. */
  ids: ReadonlySet<string>;
  /** Whether a frozen event is of the person: it was done by them, or an alias call names them as they were before. */
  isOf: (event: unknown) => boolean;
  /** The same of what was refused and may have any shape: whether they are named so anywhere in it. */
  isIn: (raw: unknown) => boolean;
};

/** @param key of the installation; a person whose id was hashed with it is found by the id itself */
export function compilePerson(who: PersonIds, key?: string): Person {
  const { users, devices } = formsOf(who, key);
  const ids = new Set([...users, ...devices]);
  const quoted = [...ids].map((id) => JSON.stringify(id));
  const isOf = compileIsOf({
    user: (id) => users.has(id),
    device: (id) => devices.has(id),
    either: (id) => ids.has(id),
  });
  return { ids, isOf, isIn: compileIsIn(isOf, (text) => quoted.some((id) => text.includes(id))) };
}

/** Each id as it came, and as the privacy rules hash it. */
export function formsOf(
  { userId, anonymousId }: PersonIds,
  key: string | undefined,
): { users: Set<string>; devices: Set<string> } {
  const forms = (id: string | undefined) => {
    if (id === undefined) return new Set<string>();
    const hashed = [hashValue(id), ...(key === undefined ? [] : [hashWithKey(id, key)])] as string[];
    return new Set([id, ...hashed]);
  };
  return { users: forms(userId), devices: forms(anonymousId) };
}

/** Whether an id is one of those that are looked for. */
export type IdTests = {
  user: (id: string) => boolean;
  device: (id: string) => boolean;
  /** Of an alias call's `previousId`, which may be either. */
  either: (id: string) => boolean;
};

/** The ids that an event names its person by; an empty text where it has none. */
export type NamedIds = { userId: string; anonymousId: string; previousId: string };

/** The one place that says by which of its fields an event is a person's. */
export function namedIds(event: { [Name in keyof NamedIds]?: unknown }): NamedIds {
  const { userId, anonymousId, previousId } = event;
  return { userId: textOf(userId), anonymousId: textOf(anonymousId), previousId: textOf(previousId) };
}

/** Whether an event is the person's whose ids are looked for. */
export function compileIsOf({ user, device, either }: IdTests): (event: unknown) => boolean {
  return (event) => {
    if (!isJsonObject(event)) return false;
    const { userId, anonymousId, previousId } = namedIds(event);
    if (userId !== '' && user(userId)) return true;
    if (anonymousId !== '' && device(anonymousId)) return true;
    return previousId !== '' && either(previousId);
  };
}

/** The same at any depth, and in text that is no JSON. */
export function compileIsIn(
  isOf: (event: unknown) => boolean,
  isInText: (text: string) => boolean,
): (raw: unknown) => boolean {
  return (raw) => {
    // A loop, since what was refused may be nested deeper than calls can be.
    const open = [raw];
    for (let value = open.pop(); value !== undefined || open.length > 0; value = open.pop()) {
      if (typeof value === 'string' && isInText(value)) return true;
      if (isOf(value)) return true;
      // Not spread: a list of a million items is more than a call takes.
      if (typeof value === 'object' && value !== null)
        for (const each of Object.values(value)) open.push(each);
    }
    return false;
  };
}

/** An id may have come as a number, which is frozen as text. Anything else equals no id. */
function textOf(id: unknown): string {
  return typeof id === 'string' ? id : Number.isSafeInteger(id) ? String(id) : '';
}
