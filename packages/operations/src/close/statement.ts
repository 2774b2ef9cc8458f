import type { ManifestFile, SpanTotals } from '@meterbridge/receipts';
import * as z from 'zod';
import { POINTS } from './decision.js';
import type { Month } from './month.js';
import type { PointResult, UsedWaiver } from './waivers.js';

const count = z.int().nonnegative();

const statementSchema = z.strictObject({
  format: z.literal(1),
  destination: z.string(),
  /** Whose API it is. */
  type: z.string(),
  /** `2026-10`, in UTC, by the events' own times. */
  month: z.string(),
  /** By Redis' clock, ISO 8601: what came before is in it. */
  closedAt: z.string(),
  closedBy: z.string(),
  versions: z.strictObject({ program: z.string(), rules: z.array(z.string()) }),
  /** Usage events in effect, each counted once, and decimal sums of what was sent of their numbers. */
  codes: z.array(
    z.strictObject({
      code: z.string(),
      events: count,
      sums: z.record(z.string(), z.string()),
      late: count,
      duplicates: count,
    }),
  ),
  /** Deliveries of which nobody knows what was sent. */
  unknown: count,
  /** Events that no rule took, accepted in the month. */
  filtered: count,
  /** What it rests on. */
  receipts: z.array(z.strictObject({ name: z.string(), rows: count, sha256: z.string() })),
  points: z.array(
    z.strictObject({
      point: z.enum(POINTS),
      ok: z.boolean(),
      words: z.array(z.string()),
      waivedBecause: z.string().optional(),
    }),
  ),
  waivers: z.array(
    z.strictObject({ what: z.string(), of: z.string(), because: z.string(), by: z.string(), at: z.string() }),
  ),
});

/** What finance is told of a month: all of it can be computed again from the books. */
export type Statement = z.output<typeof statementSchema>;

export type StatementFacts = {
  destination: string;
  type: string;
  month: Month;
  /** Epoch milliseconds, by Redis' clock. */
  closedAt: number;
  closedBy: string;
  program: string;
  totals: SpanTotals;
  files: readonly ManifestFile[];
  points: readonly PointResult[];
  waivers: readonly UsedWaiver[];
  /** Findings that were waived before. */
  waivedBefore: readonly { what: string; of: string; because: string; by: string; at: number }[];
};

/** Pure: the same facts, the same statement. */
export function writeStatement(facts: StatementFacts): Statement {
  const { destination, type, month, closedBy, program, totals } = facts;
  const closedAt = new Date(facts.closedAt).toISOString();
  const own = facts.waivers.map((waiver) => ({ ...waiver, by: closedBy, at: closedAt }));
  const before = facts.waivedBefore.map((each) => ({ ...each, at: new Date(each.at).toISOString() }));
  return {
    format: 1,
    destination,
    type,
    month: month.name,
    closedAt,
    closedBy,
    versions: { program, rules: totals.rules },
    codes: totals.codes,
    unknown: totals.unknown,
    filtered: totals.filtered,
    receipts: facts.files
      .map(({ name, rows, sha256 }) => ({ name, rows, sha256 }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    points: facts.points.map(({ point, ok, words, waivedBecause }) => ({ point, ok, words, waivedBecause })),
    waivers: [...before, ...own],
  };
}

/** Null for what is no statement of a form that is known here. Pure. */
export function readStatement(value: unknown): Statement | null {
  return statementSchema.safeParse(value).data ?? null;
}
