import { type DestinationType, descriptions } from '@meterbridge/destinations/descriptions';
import type { BilledNow, Coverage, UsageLine, UsageReport } from '@meterbridge/operations';
import { grouped } from '../../terminal/grouped.js';
import { style } from '../../terminal/style.js';
import { type Column, renderTable } from '../../terminal/table.js';
import { visible } from '../../terminal/visible.js';
import { wrapText } from '../../terminal/wrap-text.js';

/** @param width in characters */
export function renderUsage(report: UsageReport, width: number): string {
  const { customer, from, to, lines, now } = report;
  const head = `${visible(customer)}, from ${short(from)} to ${short(to)}, by the events' own times.`;
  const samples = lines.filter((line) => line.samples.length > 0).map(sampleWords);
  const parts = [
    wrapText(head, width),
    lines.length === 0
      ? wrapText(`Nothing of ${visible(customer)} is in the books of that time, and nothing is dead.`, width)
      : renderLines(lines, width),
    ...(samples.length > 0 ? [['Some of them, for meterbridge find:', ...samples].join('\n')] : []),
    ...now.map((each) => renderNow(each, width)),
    ...notesOf(report).map((note) => wrapText(note, width)),
  ];
  return parts.join('\n\n');
}

function renderLines(lines: readonly UsageLine[], width: number): string {
  const hasSums = lines.some(({ sums }) => Object.keys(sums).length > 0);
  const isOne = new Set(lines.map(({ destination }) => destination)).size === 1;
  const columns: (Column & { of: (line: UsageLine) => string })[] = [
    { head: 'day', of: ({ day }) => day },
    { head: 'destination', minWidth: 8, ...(isOne ? { dropRank: 9 } : {}), of: (line) => line.destination },
    { head: 'code', minWidth: 10, of: ({ code }) => code || '(unknown)' },
    { head: 'source', minWidth: 8, dropRank: 1, of: ({ source }) => source },
    { head: 'rule', minWidth: 8, dropRank: 2, of: ({ rule }) => rule },
    { head: 'events', align: 'right', of: ({ events }) => grouped(events) },
    ...(hasSums ? [{ head: 'sums', minWidth: 12, of: sumWords }] : []),
    ...(['late', 'duplicates', 'dead'] as const)
      .filter((count) => count === 'dead' || lines.some((line) => line[count] > 0))
      .map((count) => ({
        head: count,
        align: 'right' as const,
        of: (line: UsageLine) => grouped(line[count]),
      })),
  ];
  const total = (count: 'events' | 'late' | 'duplicates' | 'dead') =>
    grouped(lines.reduce((sum, line) => sum + line[count], 0));
  const totals = columns.map(({ head }, index) => {
    if (index === 0) return 'total';
    return head === 'events' || head === 'late' || head === 'duplicates' || head === 'dead'
      ? total(head)
      : '';
  });
  const rows = lines.map((line) => columns.map(({ of }) => of(line)));
  return renderTable({ columns, rows, total: totals }, width);
}

function sumWords({ sums }: UsageLine): string {
  return Object.entries(sums)
    .map(([name, sum]) => `${name} ${groupedDecimal(sum)}`)
    .join(', ');
}

/** However many digits it has. */
function groupedDecimal(text: string): string {
  return text.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');
}

function sampleWords({ destination, day, code, rule, samples }: UsageLine): string {
  return visible(`  ${day} ${destination}, ${code}, ${rule}: ${samples.join(' ')}`);
}

function renderNow({ destination, subscription, usage, problem, caveat }: BilledNow, width: number): string {
  const name = visible(`${destination}, ${subscription}`);
  if (problem !== undefined) {
    return wrapText(`${name}: what it comes to there now is not known: ${visible(problem)}`, width);
  }
  if (!usage) return wrapText(`${name}: the API has no active subscription of that id now.`, width);
  const head = `${name}: there now, in the period from ${usage.from} to ${usage.to}. ${caveat}`;
  const table = {
    columns: [
      { head: 'code', minWidth: 10 },
      { head: 'units', align: 'right' as const },
      { head: 'events', align: 'right' as const },
    ],
    rows: usage.lines.map(({ code, units, events }) => [code, groupedDecimal(units), grouped(events)]),
  };
  return `${wrapText(head, width)}\n\n${renderTable(table, width)}`;
}

/** What a person has to know of the lines, in sentences. */
export function notesOf({ customer, from, lines, coverage }: UsageReport): string[] {
  const dead = lines.reduce((sum, line) => sum + line.dead, 0);
  return [
    ...coverage.flatMap((each) => coverageWords(each, from)),
    ...(dead > 0
      ? [
          `${grouped(dead)} are dead, and on no bill: meterbridge dead-letters list --customer ${asArgument(customer)}`,
        ]
      : []),
    ...coverage.flatMap((each) => otherNameWords(each, lines)),
  ];
}

function coverageWords(each: Coverage, from: string): string[] {
  const { booksBegin, isLater, withoutReceipt, waiting, inFlight } = each;
  const name = visible(each.destination);
  const begin =
    booksBegin === null
      ? `${name} has no books: nothing here is of it.`
      : `The books of ${name} begin ${short(booksBegin)}, later than ${short(from)}: what was settled before is not in these figures.`;
  return [
    ...(isLater ? [style('yellow', begin)] : []),
    ...(withoutReceipt > 0
      ? [
          style(
            'yellow',
            `The books of ${name} have a gap: ${grouped(withoutReceipt)} deliveries that may be of that time ended without a receipt. Whose they were nobody knows; the API has them.`,
          ),
        ]
      : []),
    ...(waiting > 0
      ? [
          `${grouped(waiting)} settlements to ${name} wait for the archivist, and are not in these figures yet.`,
        ]
      : []),
    ...(inFlight > 0 ? [`${grouped(inFlight)} deliveries to ${name}, of whomever, are in flight.`] : []),
  ];
}

/** A misspelt name, or another destination's, has no usage: that must not look like none. */
function otherNameWords({ destination, type, booksBegin }: Coverage, lines: readonly UsageLine[]): string[] {
  if (booksBegin === null || lines.some((line) => line.destination === destination)) return [];
  const who = type === undefined ? undefined : descriptions[type as DestinationType].billed.who;
  return [
    `${visible(destination)} has nothing of that name${who === undefined ? '' : `: who is billed there is what its rules send as ${who}`}.`,
  ];
}

/** As a shell takes it. */
function asArgument(text: string): string {
  return /^[\w.:@-]+$/.test(text) ? text : `'${visible(text).replaceAll("'", `'\\''`)}'`;
}

function short(iso: string): string {
  return iso.replace(/(:00)?\.\d{3}Z$/, 'Z');
}
