import type { RuleLine, Status, UntakenLine } from '@meterbridge/operations';
import { duration } from '../../terminal/duration.js';
import { grouped } from '../../terminal/grouped.js';
import { type Cell, type Column, renderTable } from '../../terminal/table.js';

/** Names that are shown of a source; `--json` has a hundred. */
const SHOWN_NAMES = 10;

/**
 * What each rule took, and the events that none takes. Empty where nothing is configured.
 * @param width of a table, in characters
 */
export function renderActivity(
  { rules, untaken, at }: Pick<Status, 'rules' | 'untaken' | 'at'>,
  width: number,
): string[] {
  return [
    ...(rules.length > 0 ? ['', rulesTable(rules, at, width)] : []),
    ...untaken.filter(({ names }) => names.length > 0).flatMap((line) => ['', namesTable(line, at, width)]),
  ];
}

const RULE_COLUMNS: Column[] = [
  { head: 'destination', minWidth: 11 },
  { head: 'rule', minWidth: 12 },
  { head: 'events in 14 days', align: 'right' },
  { head: 'last', align: 'right' },
  { head: '', minWidth: 16 },
];

function rulesTable(rules: readonly RuleLine[], at: number, width: number): string {
  const rows = rules.map((line) => {
    const { destination, rule, taken, lastTakenAt } = line;
    return [destination, rule, grouped(taken), agoOf(lastTakenAt, at), wordOf(line)];
  });
  return renderTable({ columns: RULE_COLUMNS, rows }, width);
}

function wordOf({ state, lastTakenAt, silentAt }: RuleLine): Cell {
  if (state === 'unused') return { text: 'has taken none', how: 'yellow' };
  if (state === 'taking') return '';
  const rest = duration((silentAt! - lastTakenAt!) / 1_000);
  return { text: `fell silent: it never rested for ${rest} before`, how: 'red' };
}

function namesTable({ source, names, count }: UntakenLine, at: number, width: number): string {
  const shown = names.slice(0, SHOWN_NAMES);
  const columns: Column[] = [
    { head: `${source}: events that no rule takes`, minWidth: 20 },
    { head: 'events', align: 'right' },
    { head: 'last', align: 'right' },
  ];
  const rows = shown.map(({ type, event, events, lastAt }) => [
    event === null ? type : `${type} "${event}"`,
    grouped(events),
    agoOf(lastAt, at),
  ]);
  const table = renderTable({ columns, rows }, width);
  const more = count - shown.length;
  return more > 0 ? `${table}\nand ${grouped(more)} more; --json has the hundred most frequent` : table;
}

function agoOf(at: number | null, now: number): string {
  return at === null ? '–' : `${duration(Math.max(0, now - at) / 1_000)} ago`;
}
