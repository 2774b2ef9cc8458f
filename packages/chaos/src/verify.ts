import { readDeadLetters } from '@meterbridge/queue';
import type { LedgerEntry } from '@meterbridge/sandbox';
import { type Held, judge, newTally, type Tally } from './check.js';
import { idOf, type Load } from './load/load.js';
import {
  accountOf,
  EXPECTED,
  type Expectation,
  type Kind,
  propertiesOf,
  subscriptionOf,
  timestampMsOf,
} from './load/make-event.js';
import type { Span } from './scenario.js';
import { PLACES } from './settle.js';
import type { Stage } from './stage.js';

/** Follows every event of a load to where it is now: what the APIs hold of it, and its dead letters. */
export async function verify(
  stage: Stage,
  load: Load,
  expected: ReadonlyMap<number, Expectation>,
  forgotten: readonly Span[] = [],
): Promise<Tally> {
  const { prefix, count, baseMs } = load.options;
  const dead = await readDead(stage, prefix);
  const tally = newTally();
  for (let n = 0; n < count; n += 1) {
    const id = idOf(prefix, n);
    const kind = load.kinds[n]!;
    const { lago, hyperline } = stage.sandbox;
    const sent = { n, kind, baseMs };
    const fate = {
      lago: lago.ledger.find(id).map((entry) => toHeld(entry, subscriptionOf(n), sent)),
      hyperline: hyperline.ledger.find(id).map((entry) => toHeld(entry, accountOf(n), sent)),
      dead: {
        lago: dead.lago.get(id) ?? [],
        hyperline: dead.hyperline.get(id) ?? [],
        receiver: dead.receiver.get(id) ?? [],
      },
    };
    const answered = load.acknowledged[n] === 1;
    const mayBeLost = answered && isForgettable(load, n, forgotten);
    judge(tally, { id, answered, mayBeLost, expected: expected.get(n) ?? EXPECTED[kind] }, fate);
  }
  return tally;
}

type Letter = { event?: { messageId?: string }; raw?: { messageId?: string } };
type Dead = Record<(typeof PLACES)[number], Map<string, string[]>>;

/** The dead letters of a load by event: reasons, one for each letter. */
export async function readDead(stage: Stage, prefix: string): Promise<Dead> {
  const dead: Dead = { lago: new Map(), hyperline: new Map(), receiver: new Map() };
  for (const place of PLACES) {
    for await (const { reason, letter } of readDeadLetters<Letter>(place, stage.look)) {
      const id = letter.event?.messageId ?? letter.raw?.messageId ?? '';
      if (id.startsWith(`${prefix}-`)) dead[place].set(id, [...(dead[place].get(id) ?? []), reason]);
    }
  }
  return dead;
}

/** Whether every answer 200 to an event fell into a time of which Redis may have forgotten what it took. */
function isForgettable(
  { firstAnsweredAt, lastAnsweredAt }: Load,
  n: number,
  forgotten: readonly Span[],
): boolean {
  return [firstAnsweredAt[n]!, lastAnsweredAt[n]!].every((at) =>
    forgotten.some(({ fromMs, toMs }) => fromMs <= at && at <= toMs),
  );
}

/** Kinds whose time is set on receipt: only that it is one time can be said. */
const TIMED_ON_RECEIPT: ReadonlySet<Kind> = new Set(['device', 'timeless']);

type Sent = { n: number; kind: Kind; baseMs: number };

/** @param owner who has to be billed for it */
function toHeld(entry: LedgerEntry, owner: string, { n, kind, baseMs }: Sent): Held {
  const { timestampMs, contentHash, versions } = entry;
  const isTimely = TIMED_ON_RECEIPT.has(kind) || timestampMs === timestampMsOf(n, baseMs);
  return {
    timestampMs,
    contentHash,
    versions: versions.length,
    isTrue: isTimely && entry.owner === owner && saysTheSame(entry, n, kind),
  };
}

function saysTheSame({ content, code }: LedgerEntry, n: number, kind: Kind): boolean {
  if (kind === 'entity') return code === 'users';
  // Beyond the first some hundred thousand, contents are not kept; `versions` still tells of any change.
  if (content === undefined) return true;
  const { tokens, model } = propertiesOf(n, kind);
  const held = ((content as { properties?: object }).properties ?? content) as Record<string, unknown>;
  return held.tokens === tokens && held.model === model;
}
