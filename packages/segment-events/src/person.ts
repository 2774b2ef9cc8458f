import { hashValue, hashWithKey } from './mask-value.js';
import { isJsonObject } from './segment-event.js';

/** What a person is known by; one of the two at least. */
export type PersonIds = { userId?: string | undefined; anonymousId?: string | undefined };

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
export function compilePerson({ userId, anonymousId }: PersonIds, key?: string): Person {
  const users = formsOf(userId, key);
  const devices = formsOf(anonymousId, key);
  const ids = new Set([...users, ...devices]);
  const quoted = [...ids].map((id) => JSON.stringify(id));
  const isOf = (event: unknown) =>
    isJsonObject(event) &&
    (users.has(textOf(event.userId)) ||
      devices.has(textOf(event.anonymousId)) ||
      ids.has(textOf(event.previousId)));
  const isIn = (raw: unknown) => {
    // A loop, since what was refused may be nested deeper than calls can be.
    const open = [raw];
    for (let value = open.pop(); value !== undefined || open.length > 0; value = open.pop()) {
      if (typeof value === 'string' && quoted.some((text) => value.includes(text))) return true;
      if (isOf(value)) return true;
      if (typeof value === 'object' && value !== null) open.push(...Object.values(value));
    }
    return false;
  };
  return { ids, isOf, isIn };
}

function formsOf(id: string | undefined, key: string | undefined): Set<string> {
  if (id === undefined) return new Set();
  const forms = [id, hashValue(id), ...(key === undefined ? [] : [hashWithKey(id, key)])];
  return new Set(forms as string[]);
}

/** An id may have come as a number, which is frozen as text. Anything else equals no id. */
function textOf(id: unknown): string {
  return typeof id === 'string' ? id : Number.isSafeInteger(id) ? String(id) : '';
}
