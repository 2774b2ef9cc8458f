import {
  planned,
  type Replay,
  type ReplayPlan,
  type ReplaySummary,
  sayFilter,
} from '@meterbridge/operations';
import Table from 'cli-table3';
import { duration } from '../../terminal/duration.js';
import { sayHeld } from '../../terminal/say-held.js';
import { style } from '../../terminal/style.js';

const SHOWN = 10;

const count = (value: number): string => value.toLocaleString('en');
const row = (letters: number, words: string): string => `${count(letters).padStart(9)}  ${words}`;
const plural = (value: number, one: string): string => `${count(value)} ${one}${value === 1 ? '' : 's'}`;

/** What a replay would do, for people. */
export function renderPlan(plan: ReplayPlan, includeFailing: boolean, remapSent = false): string {
  const lines = [
    style('bold', plural(plan.letters, 'dead letter')),
    ...some(plan.reasons, ({ destination, reason, letters }) => row(letters, `${destination}  ${reason}`)),
  ];
  if (plan.customers.length > 0) {
    const more = plan.customersInAll - plan.customers.length;
    lines.push(
      '',
      style('bold', `Of ${plural(plan.customersInAll, 'customer')}${more > 0 ? ', the first of them' : ''}`),
      ...plan.customers.map(({ customer, letters }) => row(letters, customer)),
    );
  }
  lines.push(
    '',
    style('bold', 'With the configuration of now'),
    row(plan.go, style('green', 'can be delivered')),
    ...(plan.sentBefore > 0 ? [row(plan.sentBefore, remapSent ? REMAPPED : AS_IT_WAS)] : []),
  );
  const how = includeFailing ? 'replayed nevertheless' : 'left where they are';
  lines.push(
    ...some(plan.fail, ({ destination, why, letters }) =>
      row(letters, `${style('yellow', 'would fail again')}, ${how}: ${destination}, ${why}`),
    ),
    ...some(plan.stay, ({ destination, why, detail, letters }) =>
      row(
        letters,
        `${style('yellow', why)}, left where they are: ${destination}${detail ? `, ${detail}` : ''}`,
      ),
    ),
  );
  if (plan.held.length > 0) {
    const held = sayHeld(plan.held).map(({ events, words }) => row(events, words));
    lines.push('', style('bold', 'At the destinations already'), ...held);
  }
  lines.push('', planned(plan, includeFailing) > 0 ? renderTime(plan) : NOTHING_TO_DO);
  return lines.join('\n');
}

const AS_IT_WAS = 'of those may have arrived: they go as they were, by the rules of then';
const REMAPPED = style(
  'red',
  'of those may have arrived, and are mapped anew: billed twice where\n           id, customer or code differ',
);

function some<Group extends { letters: number }>(
  groups: Group[],
  render: (group: Group) => string,
): string[] {
  const more = groups.slice(SHOWN);
  const letters = more.reduce((sum, group) => sum + group.letters, 0);
  return [
    ...groups.slice(0, SHOWN).map(render),
    ...(more.length > 0 ? [row(letters, 'for other causes')] : []),
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
    row(replayed, 'put back on their queues'),
  ];
  for (const [why, letters] of Object.entries(left)) lines.push(row(letters, `left where they are: ${why}`));
  lines.push('', style('bold', `Of ${plural(deliveries, 'delivery').replace('deliverys', 'deliveries')}`));
  lines.push(row(delivered, 'delivered'));
  if (duplicate > 0)
    lines.push(row(duplicate, 'there already: counted as duplicates, and not billed by this replay'));
  if (inFlight > 0) lines.push(row(inFlight, 'on their way'));
  for (const { destination, reason, letters } of deadAgain) {
    lines.push(row(letters, style('red', `dead again: ${destination}  ${reason}`)));
  }
  if (state === 'stopped') {
    const rest = what.planned - replayed;
    lines.push(
      '',
      `${count(Math.max(0, rest))} of those planned are still dead letters. To go on: meterbridge replays resume ${id}`,
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
  const said = facts.filter(([, value]) => value !== '');
  return [
    ...said.map(([name, value]) => `${`${name}:`.padEnd(10)}${value}`),
    '',
    renderSummary(summary, replay),
  ].join('\n');
}

/** All replays, a line each. */
export function renderReplays(replays: { replay: Replay; replayed: number }[]): string {
  const table = new Table({
    head: ['id', 'begun, UTC', 'by', 'which', 'state', 'put back', 'planned'],
    colAligns: ['right', 'left', 'left', 'left', 'left', 'right', 'right'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [null, null, null, 40, null, null, null],
  });
  for (const { replay, replayed } of replays) {
    const { id, startedAt, by, what, state } = replay;
    const begun = isoTime(startedAt).slice(0, 19).replace('T', ' ');
    table.push([id, begun, by, which(what), state, count(replayed), count(what.planned)]);
  }
  return table.toString();
}

/** As it was said on the command line. */
function which({ filter }: Replay['what']): string {
  return sayFilter(filter) || '--all';
}

export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
