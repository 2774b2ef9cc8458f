import { hash } from 'node:crypto';
import { bucketOf } from '@meterbridge/delivery';
import { readAudit, readFindings, readStoreTime } from '@meterbridge/queue';
import { holdAgainstBooks } from '../audit/hold-against-books.js';
import type { BooksVerdict } from '../audit/judge-books.js';
import type { CheckedLine } from '../audit/report.js';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';
import { findDestination, reconcile } from '../reconcile/reconcile.js';
import type { Work } from '../work.js';
import { type Contents, decideContents } from './decide-contents.js';
import { decideArchived, decideGaps, decideReceipts } from './decide-receipts.js';
import { decideSources } from './decide-sources.js';
import { decideDeadLetters, decideFindings, decideInFlight } from './decide-work.js';
import type { Decision, Point } from './decision.js';
import { type BooksLook, lookInBooks } from './look-in-books.js';
import { countWaiting, readDeadOfMonth, readHoles, readInFlight } from './look-in-redis.js';
import type { Month } from './month.js';
import type { MonthBooks } from './month-books.js';
import { type Statement, writeStatement } from './statement.js';
import { type PointResult, passes, type Waiver, Waivers } from './waivers.js';

export type CloseQuestion = {
  destination: string;
  month: Month;
  waivers: readonly Waiver[];
  /** Where the position is kept of a run that compares contents. */
  positions: string;
  /** The version of this program. */
  program: string;
};

/** What looking at a month comes to. */
export type Closing = {
  destination: string;
  month: string;
  points: PointResult[];
  /** Waivers that let nothing pass. */
  unusedWaivers: Waiver[];
  /** Once every point holds, or is waived. */
  statement: Statement | null;
};

const FIRST_THE_OTHERS = 'not asked yet: first the points above';

/**
 * Looks whether a month is complete, by the events' own times. What the API holds is asked for once all else holds: it
 * takes long. Changes nothing.
 * @throws OperationError (`unknown_destination`; `invalid_input` for a month that is not over; `stopped`: the same call
 * goes on)
 */
export async function closeMonth(
  ops: Operations,
  question: CloseQuestion,
  books: MonthBooks,
  work: Work = {},
): Promise<Closing> {
  const { destination, month } = question;
  const settings = findDestination(ops.config, destination);
  const closedAt = Math.floor(await readStoreTime(ops.redis));
  if (closedAt < month.span.to) {
    throw new OperationError('invalid_input', `${month.name} is not over, by Redis' clock and in UTC.`);
  }
  const waivers = new Waivers(question.waivers);
  const points: PointResult[] = [];
  const add = (point: Point, decision: Decision) => points.push(waivers.apply(point, decision));

  const { look, decisions } = await lookAtMonth(ops, question, books, work);
  for (const [point, decision] of decisions) add(point, decision);
  const open = await readFindings(ops.redis, destination);
  const unwaived = waivers.without(
    open.filter(({ waived }) => waived === undefined),
    ({ id }) => id,
    ({ kind, detail }) => `${kind}: ${detail}`,
  );
  add('findings', decideFindings(unwaived, open.length - unwaived.length));
  add('sources', decideSources(look.arrivals, month.span));
  if (points.every(passes)) {
    add('contents', judgeContents(await askContents(ops, question, books, look, work), waivers));
  } else {
    points.push({ point: 'contents', ok: false, words: [FIRST_THE_OTHERS], notAsked: true });
  }

  const statement = points.every(passes)
    ? writeStatement({
        ...{ destination, month, closedAt, points, type: settings.type, closedBy: ops.actor },
        ...{ program: question.program, totals: look.totals, files: look.files, waivers: waivers.used() },
        waivedBefore: open.flatMap(({ id, kind, detail, waived }) =>
          waived === undefined ? [] : [{ what: id, of: `${kind}: ${detail}`, ...waived }],
        ),
      })
    : null;
  return { destination, month: month.name, points, unusedWaivers: waivers.unused(), statement };
}

/** Redis before the books: what ends meanwhile moves from there to here. */
async function lookAtMonth(
  { redis, ...ops }: Operations,
  { destination, month: { span } }: CloseQuestion,
  books: MonthBooks,
  work: Work,
): Promise<{ look: BooksLook; decisions: [Point, Decision][] }> {
  const first = await readInFlight(redis, destination, span);
  const dead = await readDeadOfMonth({ redis, ...ops }, destination, span);
  // A replay puts a letter back as a job, and a job may end as a letter: one that moves is met in one place or the other.
  const isClear = first.deliveries === 0 && first.unreadableJobs === 0;
  const inFlight = isClear ? await readInFlight(redis, destination, span) : first;
  const told = await readHoles(redis, destination);
  const waiting = await countWaiting(redis, destination, span);
  const ledger = await readAudit(destination, redis);
  const look = await lookInBooks(books, span, work);
  const lines = await holdAgainstBooks(ledger, redis, { open: () => books.open() });
  const holes = mergeHoles(told, look.holes);
  const receipts = decideReceipts({
    verdicts: verdictsOf(lines),
    accepted: new Set(look.arrivals.map(({ acceptedHour, source }) => bucketOf(acceptedHour, source))),
    month: span,
    beginsAt: look.beginsAt,
    unknown: look.totals.unknown,
    damaged: look.damaged,
    unbalanced: lines.filter(({ difference }) => difference !== 0),
  });
  return {
    look,
    decisions: [
      ['in-flight', decideInFlight(inFlight)],
      ['dead-letters', decideDeadLetters(dead)],
      ['receipts', receipts],
      ['gaps', decideGaps(holes, span)],
      ['archived', decideArchived({ waiting, spooled: look.spooled })],
    ],
  };
}

function verdictsOf(lines: readonly CheckedLine[]): Map<string, BooksVerdict> {
  const verdicts = new Map<string, BooksVerdict>();
  for (const { hour, source, books } of lines) {
    if (hour !== null && source !== null && books) verdicts.set(bucketOf(hour, source), books);
  }
  return verdicts;
}

/** Holds exactly the files that the statement names against the API. */
async function askContents(
  ops: Operations,
  { destination, month, positions }: CloseQuestion,
  books: MonthBooks,
  { files }: BooksLook,
  work: Work,
): Promise<Contents> {
  const only = new Set(files.map(({ name }) => name));
  const ofBooks = hash('sha256', JSON.stringify(files.map(({ sha256 }) => sha256)), 'hex');
  try {
    const report = await reconcile(
      ops,
      { destination, span: month.span, contents: true, positions, ofBooks },
      // These books do not change: there is nothing to wait for.
      { open: () => books.open(only), archivedUpTo: async () => Number.POSITIVE_INFINITY },
      work,
    );
    return { asked: true, report };
  } catch (error) {
    if (!(error instanceof OperationError) || error.code === 'stopped') throw error;
    return { asked: false, why: error.message };
  }
}

function judgeContents(contents: Contents, waivers: Waivers): Decision {
  if (!contents.asked) return decideContents(contents, 0);
  const all = contents.report.findings;
  const findings = waivers.without(
    all,
    ({ usageId }) => usageId,
    ({ finding, code, time }) => `${finding}: ${code} of ${time}`,
  );
  const report = { ...contents.report, findings };
  return decideContents({ asked: true, report }, all.length - findings.length);
}

/** Redis knows all that it has left out; where it has forgotten some, the books have it. */
function mergeHoles(told: BooksLook['holes'], kept: BooksLook['holes']): BooksLook['holes'] {
  const buckets = [...new Set([...told, ...kept].map(({ bucket }) => bucket))];
  const sizeOf = (holes: BooksLook['holes']) =>
    holes.reduce((sum, { deliveries, filtered }) => sum + deliveries + filtered, 0);
  return buckets.flatMap((bucket) => {
    const [one, other] = [told, kept].map((holes) => holes.filter((hole) => hole.bucket === bucket));
    return sizeOf(one!) >= sizeOf(other!) ? one! : other!;
  });
}
