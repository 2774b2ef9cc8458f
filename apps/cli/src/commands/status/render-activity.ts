import type { RuleLine, Status, UntakenLine } from '@meterbridge/operations';
import Table from 'cli-table3';
import { duration } from '../../terminal/duration.js';
import { style } from '../../terminal/style.js';
import { visible } from '../../terminal/visible.js';

/** Names that are shown of a source; `--json` has a hundred. */
const SHOWN_NAMES = 10;

/** What each rule took, and the events that none takes. Empty where nothing is configured. */
export function renderActivity({ rules, untaken, at }: Pick<Status, 'rules' | 'untaken' | 'at'>): string[] {
  return [
    ...(rules.length > 0 ? [rulesTable(rules, at)] : []),
    ...untaken.filter(({ names }) => names.length > 0).map((line) => namesTable(line, at)),
  ];
}

function rulesTable(rules: readonly RuleLine[], at: number): string {
  const table = new Table({
    head: ['destination', 'rule', 'events in 14 days', 'last', ''],
    colAligns: ['left', 'left', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const line of rules) {
    const { destination, rule, taken, lastTakenAt } = line;
    table.push([destination, rule, taken.toLocaleString('en'), agoOf(lastTakenAt, at), wordOf(line)]);
  }
  return table.toString();
}

function wordOf({ state, lastTakenAt, silentAt }: RuleLine): string {
  if (state === 'unused') return style('yellow', 'has taken none');
  if (state === 'taking') return '';
  return style(
    'red',
    `fell silent: it never rested for ${duration((silentAt! - lastTakenAt!) / 1_000)} before`,
  );
}

function namesTable({ source, names, count }: UntakenLine, at: number): string {
  const shown = names.slice(0, SHOWN_NAMES);
  const table = new Table({
    head: [`${source}: events that no rule takes`, 'events', 'last'],
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { type, event, events, lastAt } of shown) {
    const name = event === null ? type : `${type} "${visible(event)}"`;
    table.push([name, events.toLocaleString('en'), agoOf(lastAt, at)]);
  }
  const more = count - shown.length;
  return more > 0
    ? `${table.toString()}\nand ${more.toLocaleString('en')} more; --json has the hundred most frequent`
    : table.toString();
}

function agoOf(at: number | null, now: number): string {
  return at === null ? '–' : `${duration(Math.max(0, now - at) / 1_000)} ago`;
}
