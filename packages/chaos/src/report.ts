import { rowsOfFigures } from './firewall/render-figures.js';
import type { Played } from './play.js';

const number = (value: number, digits = 0) => value.toLocaleString('en', { maximumFractionDigits: digits });

const COLUMNS: [string, (played: Played) => string][] = [
  ['scenario', ({ name }) => name],
  ['answered 200', ({ tally }) => number(tally.answered)],
  ['in effect once', ({ tally }) => number(tally.once)],
  ['twice', (played) => number(count(played, 'twice'))],
  ['wrong', (played) => number(count(played, 'wrong'))],
  ['lost', (played) => number(count(played, 'lost'))],
  ['dead, as expected', ({ tally }) => number(sum(Object.values(tally.dead)))],
  ['dead, but good', (played) => number(count(played, 'wrongly dead'))],
  ['requests', ({ requests }) => number(requests)],
  ['kills', ({ kills }) => number(kills.length)],
  ['200 p99, ms', ({ acknowledgedP99Ms }) => number(acknowledgedP99Ms)],
  ['seconds', ({ seconds }) => number(seconds)],
];

/** A table that reads well in a terminal and in Markdown. */
export function renderTable(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)];
}

/** The table of all scenarios, what lies behind its numbers, and what must not be. */
export function renderReport(played: readonly Played[]): string {
  const rows = [
    COLUMNS.map(([head]) => head),
    ...played.map((each) => COLUMNS.map(([, read]) => read(each))),
  ];
  const all = total(played);
  if (played.length > 1) rows.push(COLUMNS.map(([, read]) => read(all)));
  return [
    ...renderTable(rows),
    '',
    `dead, as expected: ${Object.entries(all.tally.dead)
      .map(([name, many]) => `${name} ${number(many)}`)
      .join(', ')}`,
    `kills: ${countByName(all.kills)
      .map(([name, many]) => `${many} × ${name}`)
      .join('; ')}`,
    ...played.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
    ...played.flatMap(describeForgotten),
    ...describeFirewalls(played),
    ...played.flatMap(describeTrouble),
  ].join('\n');
}

function describeFirewalls(played: readonly Played[]): string[] {
  const rows = rowsOfFigures(played);
  return rows.length === 0 ? [] : ['', ...renderTable(rows), ''];
}

/** What a power failure may have taken is no loss, and has to be seen. */
function describeForgotten({ name, tally: { mayBeLost } }: Played): string[] {
  const { events, missing } = mayBeLost;
  return events === 0
    ? []
    : [`${name}: ${number(events)} of what was answered may be lost, ${number(missing)} is missing`];
}

const HANDS_COLUMNS: [string, (played: Played) => string][] = [
  ['scenario', ({ name }) => name],
  ['200', ({ tally }) => number(tally.answered)],
  ['kills', ({ kills }) => number(kills.length)],
  ['hands', ({ handsChanged }) => number(handsChanged)],
  ['failovers', ({ failovers }) => number(failovers)],
  ['lost', (played) => number(count(played, 'lost'))],
  ['twice', (played) => number(count(played, 'twice'))],
  ['diff.', ({ difference }) => number(difference)],
  ['dead', ({ tally }) => number(sum(Object.values(tally.dead)))],
];

/** The table of jobs that changed hands and of failovers: 80 columns at most. */
export function renderHands(played: readonly Played[]): string {
  const all = total(played);
  const rows = [...played, all].map((each) => HANDS_COLUMNS.map(([, read]) => read(each)));
  const heads = HANDS_COLUMNS.map(([head]) => head);
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ');
  const { events, missing } = all.tally.mayBeLost;
  const undisturbed = sum(
    played.filter((each) => !each.kills.some(isOfWorker)).map(({ handsChanged }) => handsChanged),
  );
  return [
    line(heads),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
    '',
    '200: events that were answered so. hands: jobs that another hand took because',
    'their lock had run out. dead: events that had to be dead letters, and are.',
    `hands, where no worker was killed and both lived on: ${number(undisturbed)}`,
    `may be lost, answered within the seconds that a power failure took: ${number(events)},`,
    `of which are missing: ${number(missing)}`,
    ...played.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
    ...played.flatMap(describeTrouble),
  ].join('\n');
}

const isOfWorker = (kill: string) => kill.startsWith('worker');

/** Whether nothing is lost, nothing in effect twice, wrong or wrongly dead, and every account adds up. */
export function isClean({ tally, problems }: Played): boolean {
  return tally.findings.length === 0 && problems.length === 0;
}

/** Enough to look for the cause, not all of a flood. */
const SHOWN = 10;

export function describeTrouble({ name, tally, problems }: Played): string[] {
  const findings = tally.findings.map(
    ({ what, where, id, detail }) => `${what} at ${where}: ${id}: ${detail}`,
  );
  const more = findings.length > SHOWN ? [`… and ${findings.length - SHOWN} more`] : [];
  return [...problems, ...findings.slice(0, SHOWN), ...more].map((line) => `✗ ${name}: ${line}`);
}

function count({ tally }: Played, what: string): number {
  return tally.findings.filter((finding) => finding.what === what).length;
}

function total(played: readonly Played[]): Played {
  const dead: Record<string, number> = {};
  for (const { tally } of played) {
    for (const [name, many] of Object.entries(tally.dead)) dead[name] = (dead[name] ?? 0) + many;
  }
  return {
    name: 'all',
    what: '',
    tally: {
      answered: sum(played.map(({ tally }) => tally.answered)),
      once: sum(played.map(({ tally }) => tally.once)),
      dead,
      mayBeLost: {
        events: sum(played.map(({ tally }) => tally.mayBeLost.events)),
        missing: sum(played.map(({ tally }) => tally.mayBeLost.missing)),
      },
      findings: played.flatMap(({ tally }) => tally.findings),
    },
    requests: sum(played.map(({ requests }) => requests)),
    kills: played.flatMap(({ kills }) => kills),
    handsChanged: sum(played.map(({ handsChanged }) => handsChanged)),
    failovers: sum(played.map(({ failovers }) => failovers)),
    difference: sum(played.map(({ difference }) => difference)),
    acknowledgedP99Ms: Math.max(...played.map(({ acknowledgedP99Ms }) => acknowledgedP99Ms)),
    seconds: sum(played.map(({ seconds }) => seconds)),
    figures: [],
    notes: [],
    problems: [],
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function countByName(names: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted(([a], [b]) => a.localeCompare(b));
}
