import {
  type ListedReplay,
  planned,
  type Replay,
  type ReplayPlan,
  type ReplaySummary,
  sayFilter,
} from '@meterbridge/operations';
import { countRow } from '../../terminal/count-row.js';
import { duration } from '../../terminal/duration.js';
import { factLines } from '../../terminal/fact-lines.js';
import { grouped } from '../../terminal/grouped.js';
import { sayHeld } from '../../terminal/say-held.js';
import { shortTime } from '../../terminal/short-time.js';
import { style } from '../../terminal/style.js';
import { type Column, renderTable } from '../../terminal/table.js';

const SHOWN = 10;
const plural = (value: number, one: string): string => `${grouped(value)} ${one}${value === 1 ? '' : 's'}`;

/** What a replay would do, for people. */
export function renderPlan(plan: ReplayPlan, includeFailing: boolean, remapSent = false): string {
  const lines = [
    style('bold', plural(plan.letters, 'dead letter')),
    ...some(plan.reasons, ({ destination, reason, letters }) =>
      countRow(letters, `${destination}  ${reason}`),
    ),
  ];
  if (plan.customers.length > 0) {
    const more = plan.customersInAll - plan.customers.length;
    lines.push(
      '',
      style('bold', `Of ${plural(plan.customersInAll, 'customer')}${more > 0 ? ', the first of them' : ''}`),
      ...plan.customers.map(({ customer, letters }) => countRow(letters, customer)),
    );
  }
  lines.push(
    '',
    style('bold', 'With the configuration of now'),
    countRow(plan.go, style('green', 'can be delivered')),
    ...(plan.sentBefore > 0 ? [countRow(plan.sentBefore, remapSent ? REMAPPED : AS_IT_WAS)] : []),
  );
  const how = includeFailing ? 'replayed nevertheless' : 'left where they are';
  lines.push(
    ...some(plan.fail, ({ destination, why, letters }) =>
      countRow(letters, `${style('yellow', 'would fail again')}, ${how}: ${destination}, ${why}`),
    ),
    ...some(plan.stay, ({ destination, why, detail, letters }) =>
      countRow(
        letters,
        `${style('yellow', why)}, left where they are: ${destination}${detail ? `, ${detail}` : ''}`,
      ),
    ),
  );
  if (plan.held.length > 0) {
    const held = sayHeld(plan.held).map(({ events, words }) => countRow(events, words));
    lines.push('', style('bold', 'At the destinations already'), ...held);
  }
  lines.push('', planned(plan, includeFailing) > 0 ? renderTime(plan) : NOTHING_TO_DO);
  return lines.join('\n');
}

const AS_IT_WAS = 'of those may have arrived: they go as they were, by the rules of then';
const REMAPPED = style(
  'red',
  'of those may have arrived, and are mapped anew: billed twice where id, customer or code differ',
);

function some<Group extends { letters: number }>(
  groups: Group[],
  render: (group: Group) => string,
): string[] {
  const more = groups.slice(SHOWN);
  const letters = more.reduce((sum, group) => sum + group.letters, 0);
  return [
    ...groups.slice(0, SHOWN).map(render),
    ...(more.length > 0 ? [countRow(letters, 'for other causes')] : []),
  ];
}

const NOTHING_TO_DO =
  'Nothing would be put back. A mended file is tried with: meterbridge preview --all-dead-letters --with <file>';

function renderTime({ seconds }: ReplayPlan): string {
  if (seconds === null) return 'Time: as fast as Redis takes them; nothing bounds the pace.';
  return `Time: ${duration(seconds)} at the given pace.`;
}

/** What a replay came to, for people. */
export function renderSummary(summary: ReplaySummary, { what }: Pick<Replay, 'what'>): string {
  const { id, state, replayed, left, inFlight, deadAgain, delivered, duplicate, deliveries } = summary;
  const lines = [
    style('bold', `Replay ${id} ${STATE_WORDS[state]}.`),
    countRow(replayed, 'put back on their queues'),
  ];
  for (const [why, letters] of Object.entries(left))
    lines.push(countRow(letters, `left where they are: ${why}`));
  lines.push('', style('bold', `Of ${plural(deliveries, 'delivery').replace('deliverys', 'deliveries')}`));
  lines.push(countRow(delivered, 'delivered'));
  if (duplicate > 0)
    lines.push(countRow(duplicate, 'there already: counted as duplicates, and not billed by this replay'));
  if (inFlight > 0) lines.push(countRow(inFlight, 'on their way'));
  for (const { destination, reason, letters } of deadAgain) {
    lines.push(countRow(letters, style('red', `dead again: ${destination}  ${reason}`)));
  }
  if (state === 'stopped') {
    const rest = what.planned - replayed;
    lines.push(
      '',
      `${grouped(Math.max(0, rest))} of those planned are still dead letters. To go on: meterbridge replays resume ${id}`,
    );
  }
  if (inFlight > 0) lines.push('', `What becomes of those on their way: meterbridge replays show ${id}`);
  return lines.join('\n');
}

const STATE_WORDS: Record<Replay['state'], string> = {
  waiting: 'waits for a worker',
  running: 'is running',
  stopped: 'was stopped',
  done: 'is done',
};

/** One replay in full, for people. */
export function renderReplay(replay: Replay, summary: ReplaySummary): string {
  const { by, startedAt, endedAt, what } = replay;
  const { rate, share } = what.pace;
  const facts: [string, string][] = [
    ['begun', `${isoTime(startedAt)} by ${by}`],
    ['ended', endedAt === null ? '' : isoTime(endedAt)],
    ['which', which(what)],
    ['failing', what.includeFailing ? 'replayed as well (--include-failing)' : 'left where they are'],
    [
      'there',
      what.sendAgain === undefined ? '' : `sent although there already (--send-again ${what.sendAgain})`,
    ],
    ['pace', [rate && `--rate ${rate}`, share && `--share ${share}`].filter(Boolean).join(' ')],
    ['planned', plural(what.planned, 'letter')],
  ];
  return [...factLines(facts), '', renderSummary(summary, replay)].join('\n');
}

const COLUMNS: Column[] = [
  { head: 'id', align: 'right' },
  { head: 'begun, UTC' },
  { head: 'by', minWidth: 10, dropRank: 1 },
  { head: 'which', minWidth: 16 },
  { head: 'state' },
  { head: 'put back', align: 'right' },
  { head: 'planned', align: 'right' },
];

/** All replays, a line each. @param width of the table, in characters */
export function renderReplays(replays: readonly ListedReplay[], width: number): string {
  const rows = replays.map((each) => {
    if ('newer' in each) {
      const { id, startedAt, by, state } = each.newer;
      return [id, shortTime(startedAt), by, each.words, state, '', ''];
    }
    const { replay, replayed } = each;
    const { id, startedAt, by, what, state } = replay;
    return [id, shortTime(startedAt), by, which(what), state, grouped(replayed), grouped(what.planned)];
  });
  return renderTable({ columns: COLUMNS, rows }, width);
}

/** As it was said on the command line. */
function which({ filter }: Replay['what']): string {
  return sayFilter(filter) || '--all';
}

export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
