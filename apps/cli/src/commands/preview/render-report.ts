import type { HistoryReport, Sample } from '@meterbridge/operations';
import { VERDICTS, type Verdict, WORSE } from '@meterbridge/operations';
import Table from 'cli-table3';
import { style } from '../../terminal/style.js';

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

const WIDTH = 100;

/** A report for people: the counts, why, and some of each to look at. */
export function renderReport(title: string, report: HistoryReport): string {
  const { events, total, byDestination, reasons, samples, unreadable, stopped } = report;
  const destinations = Object.keys(byDestination);
  const table = new Table({
    head: ['', ...destinations, 'total', ''],
    colAligns: ['left', ...destinations.map(() => 'right' as const), 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const verdict of VERDICTS) {
    if (total[verdict] === 0) continue;
    const counts = [...destinations.map((name) => byDestination[name]![verdict]), total[verdict]];
    table.push([verdict, ...counts.map((count) => count.toLocaleString('en')), MEANS[verdict]]);
  }
  return [
    style('bold', `${title}: ${events.toLocaleString('en')}`),
    ...(stopped ? ['Stopped before the end: this is what was looked at.'] : []),
    ...(events === 0 ? [] : [table.toString()]),
    ...(unreadable.count === 0
      ? []
      : [`could not be read: ${unreadable.count}`, ...unreadable.first.map(indent)]),
    ...VERDICTS.flatMap((verdict) => renderVerdict(verdict, reasons[verdict] ?? {}, samples[verdict] ?? [])),
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
    ...why.map(([reason, count]) => `${count.toLocaleString('en').padStart(9)}  ${reason}`),
    ...shown.flatMap(renderSample),
  ];
}

function renderSample({ id, destination, rule, failed, fails, usage, differences }: Sample): string[] {
  return [
    `  ${id}, ${[destination, rule].filter((each) => each !== '').join(' ')}`,
    ...(failed && failed !== fails ? [`    failed: ${failed}`] : []),
    ...(fails ? [`    fails: ${fails}`] : []),
    ...(usage === undefined ? [] : [`    would send ${shorten(JSON.stringify(usage))}`]),
    ...(differences ?? []).map(({ field, before, after, hidden }) =>
      hidden ? `    ${field}: differs, and is hidden` : `    ${field}: ${show(before)} → ${show(after)}`,
    ),
  ];
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : shorten(JSON.stringify(value));
}

function shorten(text: string): string {
  return text.length <= WIDTH * 3 ? text : `${text.slice(0, WIDTH * 3)}…`;
}

function indent(line: string): string {
  return `  ${line}`;
}
