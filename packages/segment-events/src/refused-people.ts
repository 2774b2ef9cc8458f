import { createHmac } from 'node:crypto';
import { compileIsIn, compileIsOf, formsOf, type PersonIds } from './person.js';

/*
 * People whose later events are refused. In place of their ids tokens are kept, which are an HMAC of each: they lead to
 * nobody without the installation's key, and are not what a privacy rule makes of the same id.
 */

/** What stands in a token before the HMAC: a user and a device of one id are two people. */
const USER = 'u';
const DEVICE = 'd';

/** How many tokens an id has: one for each form in which it may come. */
export const TOKENS_PER_ID = 3;

/** 128 bits of the HMAC, in base64url. */
const TOKEN_LENGTH = 22;
const CHECK_LENGTH = 11;

/** An id and its value in text that is JSON in part. */
const ID_IN_TEXT = /"(userId|anonymousId|previousId)"\s*:\s*("(?:[^"\\]|\\.)*"|\d+)/g;

/** Whose events are refused; asked of every event. */
export type RefusedPeople = {
  /** Whether an event is of one of them, as `Person.isOf`. */
  isOf: (event: unknown) => boolean;
  /** Whether what was refused names one of them by a field of that name, at any depth. */
  isIn: (raw: unknown) => boolean;
};

/** @returns the tokens of every form in which an event may come with one of the ids */
export function refusalTokens(ids: PersonIds, privacyKey: string): string[] {
  const hash = hasherOf(privacyKey);
  const { users, devices } = formsOf(ids, privacyKey);
  return [...[...users].map((id) => USER + hash(id)), ...[...devices].map((id) => DEVICE + hash(id))];
}

/** What tells one key from another, and leads to neither: a token of another key matches nothing. */
export function keyCheckOf(privacyKey: string): string {
  return hasherOf(privacyKey, 'meterbridge: which key')('').slice(0, CHECK_LENGTH);
}

/**
 * Compiles what is asked of each event: an HMAC of each id that it has, of kinds of which anybody is refused.
 * @returns null where no event can be refused: that question is free
 */
export function compileRefusedPeople(
  tokens: ReadonlySet<string>,
  privacyKey: string | undefined,
): RefusedPeople | null {
  if (privacyKey === undefined || tokens.size === 0) return null;
  const hash = hasherOf(privacyKey);
  const kinds = new Set([...tokens].map((token) => token[0]));
  const user = (id: string) => kinds.has(USER) && tokens.has(USER + hash(id));
  const device = (id: string) => kinds.has(DEVICE) && tokens.has(DEVICE + hash(id));
  const isOf = compileIsOf({ user, device, either: (id) => user(id) || device(id) });
  const isInText = (text: string) => {
    for (const [, field, written] of text.matchAll(ID_IN_TEXT)) {
      if (isOf({ [field!]: readId(written!) })) return true;
    }
    return false;
  };
  return { isOf, isIn: compileIsIn(isOf, isInText) };
}

/** Null for a text that no JSON has. */
function readId(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return null;
  }
}

function hasherOf(privacyKey: string, purpose = 'meterbridge: whose events are refused') {
  const key = createHmac('sha256', privacyKey).update(purpose).digest();
  return (text: string) => createHmac('sha256', key).update(text).digest('base64url').slice(0, TOKEN_LENGTH);
}
