import {
  compilePerson,
  hashWithKey,
  MAX_PERSON_ID_LENGTH,
  type Person,
  type PersonIds,
} from '@meterbridge/segment-events';
import type { LetterFilter } from '../dead-letters/filter.js';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';

/** @throws OperationError (`invalid_input`) where nobody is named */
export function readPersonIds({ userId, anonymousId }: PersonIds): PersonIds {
  for (const id of [userId, anonymousId]) {
    if (id !== undefined && (id.trim() === '' || id.length > MAX_PERSON_ID_LENGTH))
      throw new OperationError(
        'invalid_input',
        `an id of 1 to ${MAX_PERSON_ID_LENGTH} characters was expected`,
      );
  }
  if (userId === undefined && anonymousId === undefined)
    throw new OperationError('invalid_input', 'say who: a user id, an anonymous id, or both');
  return { userId, anonymousId };
}

/** A person as this installation stores them. */
export function personOf({ config }: Pick<Operations, 'config'>, ids: PersonIds): Person {
  return compilePerson(ids, config.privacyKey);
}

/**
 * What a person is remembered by once they are forgotten: it leads back to them only with the key. Undefined without
 * one, since a plain hash would be found by hashing every id there is.
 */
export function digestOf(
  { config }: Pick<Operations, 'config'>,
  { userId, anonymousId }: PersonIds,
): string | undefined {
  const { privacyKey } = config;
  if (privacyKey === undefined) return undefined;
  return hashWithKey({ userId: userId ?? null, anonymousId: anonymousId ?? null }, privacyKey) as string;
}

const INSTEAD = '(forgotten)';

/** Puts a word in place of each id that stands by itself in a text. */
export function withoutIds({ ids }: Person): (text: string) => string {
  const spelled = [...ids].flatMap((id) => [id, JSON.stringify(id).slice(1, -1)]);
  const each = [...new Set(spelled)].map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const found = new RegExp(`(?<![\\w.-])(?:${each.join('|')})(?![\\w.-])`, 'g');
  return (text) => text.replace(found, INSTEAD);
}

/** The same in what a replay remembers of which letters it was about. */
export function withoutPerson<What extends { filter: LetterFilter }>(person: Person): (what: What) => What {
  const rewrite = withoutIds(person);
  return (what) => {
    const { customer, text } = what.filter;
    if (customer === undefined && text === undefined) return what;
    const filter = {
      ...what.filter,
      customer: customer && rewrite(customer),
      text: text && rewrite(text),
    };
    return { ...what, filter };
  };
}
