import type { BackfillReport, DestinationTally, Held } from '@meterbridge/operations';
import { countRow } from '../../terminal/count-row.js';
import { grouped } from '../../terminal/grouped.js';
import { sayHeld } from '../../terminal/say-held.js';
import { style } from '../../terminal/style.js';
import { visible } from '../../terminal/visible.js';

const THERE_BEFORE = 'of those were there before, the same: they count as duplicates, and not as delivered';

/** Bad lines that people are shown; all that are named stand in the JSON. */
const SHOWN_LINES = 10;

export function renderBackfill(report: BackfillReport): string {
  const { state, lines, events, seconds, eventsPerSecond, skipped, badLines, unreadable } = report;
  const isDry = state === 'dry run';
  const out = [
    `${grouped(lines)} lines read, ${grouped(events)} events ${isDry ? 'would be taken' : 'taken'}, in ${seconds} s (${grouped(eventsPerSecond)} events/s)`,
  ];
  const passedBy: [number, string][] = [
    [skipped.outOfTime, 'out of --since and --until'],
    [skipped.notSelected, 'not selected by --where'],
    [skipped.ignored, 'switched off here by their integrations'],
    [skipped.personRefused, 'of people whose later events are refused'],
  ];
  for (const [events, why] of passedBy) if (events > 0) out.push(row(events, why));
  for (const destination of report.destinations) out.push(...renderDestination(destination, isDry));
  for (const [reason, events] of Object.entries(report.rejected)) {
    out.push(row(events, style('yellow', `rejected: ${reason}`)));
  }
  for (const { file, line, detail, reason } of badLines.slice(0, SHOWN_LINES)) {
    out.push(
      visible(`           ${file}, line ${line}: ${reason}: ${detail.replace(` (${file}:${line})`, '')}`),
    );
  }
  if (badLines.length > SHOWN_LINES) out.push('           … (--json names the first hundred)');
  if (badLines.length > 0 && !isDry)
    out.push('They are dead letters of the receiver: meterbridge dead-letters list');
  for (const { file, line, problem } of unreadable) {
    out.push(style('red', visible(`${file} could not be read behind line ${line}: ${problem}`)));
  }
  const { held } = report;
  const same = held.filter((each) => each.same > 0);
  if (isDry && held.length > 0) out.push(renderAlready(held));
  else for (const each of same) out.push(row(each.same, `${each.destination}: ${THERE_BEFORE}`));
  out.push(...lastWords(report));
  return out.join('\n');
}

/** What is there already, for people: said before anything is written. */
export function renderAlready(held: readonly Held[]): string {
  const lines = sayHeld(held).map(({ events, words }) => row(events, words));
  return ['At the destinations already', ...lines].join('\n');
}

function renderDestination(
  { destination, deliveries, filtered, rules, failures }: DestinationTally,
  isDry: boolean,
): string[] {
  const lines = [row(deliveries, `${destination}: deliveries ${isDry ? 'it would get' : 'queued'}`)];
  for (const [rule, of] of Object.entries(rules)) lines.push(row(of, `  by rule ${rule}`));
  if (filtered > 0) lines.push(row(filtered, `${destination}: filtered, no rule takes them`));
  for (const [failure, of] of Object.entries(failures)) {
    lines.push(row(of, `${destination}: ${style('yellow', 'would be dead letters')}: ${failure}`));
  }
  return lines;
}

function lastWords({ state, stoppedAt, unreadable }: BackfillReport): string[] {
  const where = stoppedAt ? ` at ${stoppedAt.file}, line ${stoppedAt.line}` : '';
  if (state === 'dry run') {
    return [
      ...(stoppedAt ? [`Stopped${where}: this is what was read until there.`] : []),
      'Nothing was written.',
    ];
  }
  if (state === 'stopped') {
    return [`Stopped${where}. The same command with --resume goes on from there.`];
  }
  if (unreadable.length > 0)
    return ['Once mended, the same command with --resume goes on with what is left.'];
  return ['Workers deliver it behind what is live: meterbridge status, meterbridge audit.'];
}

function row(of: number, words: string): string {
  return countRow(of, words, 11);
}
