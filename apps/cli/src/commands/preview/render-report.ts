import type { HistoryReport, Sample } from '@meterbridge/operations';
import { VERDICTS, type Verdict, WORSE } from '@meterbridge/operations';
import { countRow } from '../../terminal/count-row.js';
import { grouped } from '../../terminal/grouped.js';
import { style } from '../../terminal/style.js';
import { type Column, renderTable } from '../../terminal/table.js';
import { visible } from '../../terminal/visible.js';
import { wrapText } from '../../terminal/wrap-text.js';

/** What each count means, for people. */
const MEANS: Record<Verdict, string> = {
  'newly delivered': 'was not, and now could be sent',
  changed: 'is sent otherwise than before',
  unchanged: 'the very same is sent',
  filtered: 'no rule takes it, before and now',
  'no longer failing': 'failed before; no rule takes it now',
  'still failing': 'cannot be mapped, before and now',
  'newly failing': 'WORSE: would be a dead letter now',
  'no longer delivered': 'WORSE: no rule takes it now',
};

/** Of a usage event or a value, in characters. */
const MAX_SHOWN = 300;

/** A report for people: the counts, why, and some of each to look at. @param width of the table, in characters */
export function renderReport(title: string, report: HistoryReport, width: number): string {
  const { events, total, byDestination, reasons, samples, unreadable, stopped } = report;
  const destinations = Object.keys(byDestination);
  const columns: Column[] = [
    { head: '', minWidth: 12 },
    ...destinations.map((head) => ({ head, align: 'right' as const, dropRank: 1 })),
    { head: 'total', align: 'right' },
    { head: '', minWidth: 20 },
  ];
  const rows = VERDICTS.filter((verdict) => total[verdict] > 0).map((verdict) => [
    verdict,
    ...destinations.map((name) => grouped(byDestination[name]![verdict])),
    grouped(total[verdict]),
    MEANS[verdict],
  ]);
  return [
    style('bold', `${title}: ${grouped(events)}`),
    ...(stopped ? ['Stopped before the end: this is what was looked at.'] : []),
    ...(events === 0 ? [] : [renderTable({ columns, rows }, width)]),
    ...(unreadable.count === 0
      ? []
      : [
          `could not be read: ${unreadable.count}`,
          ...unreadable.first.map((line) => wrapText(indent(line), width)),
        ]),
    ...VERDICTS.flatMap((verdict) =>
      renderVerdict(verdict, reasons[verdict] ?? {}, samples[verdict] ?? []),
    ).map((line) => wrapText(line, width).replaceAll(HELD, ' ')),
  ].join('\n');
}

function renderVerdict(verdict: Verdict, reasons: Record<string, number>, samples: Sample[]): string[] {
  // What stays as it is needs no sample.
  const shown = verdict === 'unchanged' ? [] : samples;
  const why = Object.entries(reasons)
    .filter(([reason]) => reason !== '')
    .toSorted(([, one], [, other]) => other - one);
  if (shown.length === 0 && why.length === 0) return [];
  return [
    '',
    style(WORSE.has(verdict) ? 'red' : 'bold', verdict),
    ...why.map(([reason, events]) => countRow(events, reason)),
    ...shown.flatMap(renderSample),
  ];
}

function renderSample({ id, destination, rule, failed, fails, usage, differences }: Sample): string[] {
  const lines = [
    `  ${id}, ${[destination, rule].filter((each) => each !== '').join(' ')}`,
    ...(failed && failed !== fails ? [`    failed: ${failed}`] : []),
    ...(fails ? [`    fails: ${fails}`] : []),
    ...(usage === undefined ? [] : [`    would send ${shorten(JSON.stringify(usage))}`]),
    ...(differences ?? []).map(({ field, before, after, hidden }) =>
      hidden ? `    ${field}: differs, and is hidden` : `    ${field}: ${show(before)} → ${show(after)}`,
    ),
  ];
  return lines.map(visible);
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : shorten(JSON.stringify(value));
}

/** JSON is copied: no line of it is broken at a space of a string. */
function shorten(json: string): string {
  const text = json.length <= MAX_SHOWN ? json : `${json.slice(0, MAX_SHOWN)}…`;
  return text.replaceAll(' ', HELD);
}

/** Stands for a space until lines are broken. */
const HELD = '\ue000';

function indent(line: string): string {
  return `  ${visible(line)}`;
}
