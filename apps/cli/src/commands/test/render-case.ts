import type { PlacedCase } from '@meterbridge/operations';
import { type CaseResult, show } from '@meterbridge/operations';
import { structuredPatch } from 'diff';
import { style } from '../../terminal/style.js';

/** Lines around a difference: enough to see which rule it is of. */
const CONTEXT = 6;

/** One case for people: a line, and where it failed what was expected against what came. */
export function renderCase({ name, file, line }: PlacedCase, { ok, ...result }: CaseResult): string {
  if (ok) return `  ${style('green', '✓')} ${name}`;
  return [
    `  ${style('red', '✗')} ${name} ${style('dim', `${file}:${line}`)}`,
    `      ${style('red', '- expected')}  ${style('green', '+ came out')}`,
    ...renderDifference(result).map((each) => `      ${each}`),
    ...result.details.map((detail) => `      ${detail}`),
  ].join('\n');
}

/** What differs, with a few lines around it. */
function renderDifference({ expected, actual }: Pick<CaseResult, 'expected' | 'actual'>): string[] {
  const texts = [`${show(expected)}\n`, `${show(actual)}\n`] as const;
  const { hunks } = structuredPatch('', '', ...texts, '', '', { context: CONTEXT });
  return hunks.flatMap(({ lines }, index) => [
    ...(index > 0 ? ['…'] : []),
    ...lines.map((line) => {
      const text = `${line[0]} ${line.slice(1)}`;
      return line[0] === '+' ? style('green', text) : line[0] === '-' ? style('red', text) : text;
    }),
  ]);
}
