import { kindOf } from '@meterbridge/destinations';
import type { FunctionReading } from '@meterbridge/function-migration';
import { describeOpen } from '@meterbridge/function-migration';
import { style } from '../../terminal/style.js';

/** What was found in a function, for people: every line of it that matters, in the order of the function. */
export function renderReading(file: string, reading: FunctionReading): string {
  const { handlers, requests, faults, differences, open } = reading;
  const found = handlers.map(({ name, line }) => `${name} (line ${line})`).join(', ') || 'no handler';
  const sent = requests.map(({ line, to, handler }) => [
    line,
    `${handler} sends usage to ${kindOf(to).title}`,
  ]);
  return [
    `${file}: ${found}`,
    ...section('Found', sent as [number, string][]),
    ...section(
      style('red', `Wrong in the function: ${faults.length}`),
      faults.map(({ line, what, cost }) => [line, what, cost]),
    ),
    ...section(
      style('yellow', `Otherwise than in the function: ${differences.length}`),
      differences.map(({ line, what }) => [line, what]),
    ),
    ...section(
      style('red', `Not translated, for you to write before the file loads: ${open.length}`),
      open.map((item) => [item.line, describeOpen(item)]),
    ),
  ].join('\n');
}

type Row = readonly [line: number, what: string, more?: string];

function section(title: string, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([line]) => `line ${line}`.length));
  return [
    '',
    title,
    ...rows.flatMap(([line, what, more]) => [
      `  ${`line ${line}`.padEnd(width)}  ${what}`,
      ...(more === undefined ? [] : [`  ${' '.repeat(width)}  ${style('dim', more)}`]),
    ]),
  ];
}
