import type { PermanentCode, UsageEvent } from '@meterbridge/delivery';
import { type DestinationType, kindOf } from '@meterbridge/destinations';
import { freezeEvent, isJsonObject, messageIdSchema, readPath } from '@meterbridge/segment-events';
import type { CustomerOf } from './customer-of.js';
import { isDelivery, type Letter, type LetterEntry } from './letter.js';
import type { MapNow, MappedNow } from './map-now.js';

/** A letter with another event, and what is billed for it before and after; or why it may not be so. */
export type CheckedEdit =
  | { ok: true; entry: LetterEntry; mapped: MappedNow[]; mayHaveArrived: boolean }
  | { ok: false; problem: string };

export type EditRules = {
  maxEventBytes: number;
  mapNow: MapNow;
  customerOf: CustomerOf;
  /** Of a destination that is configured. */
  typeOf: (destination: string) => DestinationType;
  /** Whether a rule of a destination takes the letter's event. */
  takes: (entry: LetterEntry) => boolean;
};

/** What is fixed when an event is received, and stays. */
const FROZEN = ['messageId', 'timestamp', 'receivedAt'] as const;

/**
 * Which deaths leave open whether the API has the event: its last answer never came. All others ended with an
 * answer that it was not taken, or before anything was sent.
 */
const MAY_HAVE_ARRIVED: Record<PermanentCode, boolean> = {
  expired: true,
  fails_alone: true,
  poison: true,
  refused: false,
  unmapped: false,
  unknown_rule: false,
  no_subscription: false,
  several_subscriptions: false,
  period_closed: false,
  identity_collision: false,
  deleted_there: false,
  too_large: false,
};

/**
 * Decides whether a letter may go back with this event. A changed id or time is another event, which would be
 * billed beside the one that its sender knows; and what may have arrived under one key and customer must not
 * come a second time under another.
 */
export function checkEdit(before: LetterEntry, event: unknown, rules: EditRules): CheckedEdit {
  const letter = isDelivery(before.letter)
    ? editDelivery(before.letter, event, rules.maxEventBytes)
    : editRejected(before.letter, event);
  if ('problem' in letter) return { ok: false, ...letter };
  const entry: LetterEntry = { ...before, letter, json: JSON.stringify(letter) };
  if (isDelivery(letter) && rules.takes(before) && !rules.takes(entry)) {
    return { ok: false, problem: `its rule ${letter.rule} takes it as it was, and not like this` };
  }
  const now = rules.mapNow(entry);
  if (now.will === 'stay') return { ok: false, problem: now.why };
  const failed = now.mapped.find((mapped) => mapped.as === 'nothing');
  if (failed) return { ok: false, problem: `it would be dead again: ${failed.why}` };
  const mayHaveArrived = hasMaybeArrived(before);
  if (mayHaveArrived && isBilledElsewhere(before, entry, rules)) {
    const problem =
      'it may have arrived before it died, and would now be billed under another id or to somebody else: twice';
    return { ok: false, problem };
  }
  return { ok: true, entry, mapped: now.mapped, mayHaveArrived };
}

function editDelivery(
  letter: Extract<Letter, { rule: string }>,
  edited: unknown,
  maxEventBytes: number,
): Letter | { problem: string } {
  const changed = FROZEN.find((field) => !isJsonObject(edited) || edited[field] !== letter.event[field]);
  if (isJsonObject(edited) && changed !== undefined) {
    return {
      problem: `${changed} may not change: it would be another event, and could be billed twice. Discard this one and send the other`,
    };
  }
  const frozen = freezeEvent(edited, {
    receivedAtMs: Date.parse(letter.event.receivedAt),
    // Its time was corrected once.
    via: 'webhook',
    maxEventBytes,
    maxAgeMs: Number.POSITIVE_INFINITY,
    maxFutureMs: Number.POSITIVE_INFINITY,
  });
  if (!frozen.ok) {
    const { reason, detail } = frozen.rejection;
    return { problem: `it is no Segment event (${reason}): ${detail}` };
  }
  return { ...letter, event: frozen.event };
}

/** It never was a delivery; but an id that it came with is known to its sender. Whether it passes is judged later. */
function editRejected(
  letter: Exclude<Letter, { rule: string }>,
  edited: unknown,
): Letter | { problem: string } {
  const { raw } = letter;
  if (!isJsonObject(raw)) return { problem: 'what arrived was no event at all: send the event anew' };
  const given = messageIdSchema.safeParse(raw.messageId);
  if (given.success && isJsonObject(edited) && edited.messageId !== raw.messageId) {
    return { problem: 'messageId may not change: its sender may send it again under the one it has' };
  }
  return { ...letter, raw: edited };
}

function hasMaybeArrived({ letter }: LetterEntry): boolean {
  if (!isDelivery(letter)) return false;
  if (letter.sentUnder !== undefined) return true;
  const reasons = [letter.reason, ...(letter.history ?? []).map(({ reason }) => reason)];
  return reasons.some((reason) => MAY_HAVE_ARRIVED[reason as PermanentCode] ?? false);
}

/** What cannot be mapped as it was, nobody can compare: then only the customer tells. */
function isBilledElsewhere(
  before: LetterEntry,
  after: LetterEntry,
  { mapNow, customerOf, typeOf }: EditRules,
): boolean {
  if (customerOf(before) !== customerOf(after)) return true;
  const [was, is] = [mapNow(before), mapNow(after)].map((now) =>
    now.will === 'go'
      ? now.mapped
          .map((mapped) => (mapped.as === 'usage' ? billedAs(typeOf(mapped.destination), mapped.usage) : ''))
          .join('\n')
      : '',
  );
  return was !== '' && was !== is;
}

/** What makes another line on a bill: its id, whom it bills, and for what. */
function billedAs(type: DestinationType, { key, body }: UsageEvent): string {
  const { billed, sent } = kindOf(type);
  const event = JSON.parse(body) as unknown;
  const read = (field: string) => readPath(event, sent.values[field]!);
  return JSON.stringify([key, read(billed.who), read(billed.what)]);
}
