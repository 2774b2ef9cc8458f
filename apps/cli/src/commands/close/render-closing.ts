import { type Closing, type PointResult, passes } from '@meterbridge/operations';
import { grouped } from '../../terminal/grouped.js';
import { MARK } from '../../terminal/render-finding.js';
import { style } from '../../terminal/style.js';
import { visible } from '../../terminal/visible.js';
import { wrapText } from '../../terminal/wrap-text.js';

/** @param out where the statement is, null where there is none; @param width in characters */
export function renderClosing(closing: Closing, out: string | null, width: number): string {
  const { destination, month, points } = closing;
  const lines = [
    `${destination}, ${month}, by the events' own times in UTC`,
    '',
    ...points.flatMap(renderPoint),
    '',
    ...renderTotals(closing),
    renderEnd(closing, out),
  ];
  return wrapText(lines.join('\n'), width);
}

/** What the statement says. */
function renderTotals({ statement }: Closing): string[] {
  if (statement === null) return [];
  const lines = statement.codes.map(({ code, events, sums, late, duplicates }) => {
    const beside = [
      ...Object.entries(sums).map(([name, sum]) => `${name} ${sum}`),
      ...(late > 0 ? [`${grouped(late)} of them late`] : []),
      ...(duplicates > 0 ? [`beside ${grouped(duplicates)} duplicates`] : []),
    ];
    return visible(`  ${code}: ${grouped(events)} events${beside.map((each) => `, ${each}`).join('')}`);
  });
  return [...lines, ''];
}

function renderPoint(result: PointResult): string[] {
  const { point, words, waivedBecause } = result;
  const [first = '', ...others] = words.map(visible);
  return [
    `${markOf(result)} ${point}: ${first}`,
    ...others.map((each) => `    ${each}`),
    ...(waivedBecause === undefined ? [] : [`    waived: ${visible(waivedBecause)}`]),
  ];
}

function markOf(result: PointResult): string {
  if (result.ok) return style('green', MARK.ok);
  if (result.notAsked) return '·';
  return passes(result) ? style('yellow', MARK.warn) : style('red', MARK.fail);
}

function renderEnd({ points, statement }: Closing, out: string | null): string {
  if (out !== null) return `${style('green', 'Closed.')} The statement is in ${visible(out)}.`;
  if (statement !== null) {
    return 'All of it holds. Nothing was signed: --key names the key, --make-key makes one.';
  }
  const failed = points.filter((each) => !passes(each) && !each.notAsked).map(({ point }) => point);
  return `${style('red', 'Not closed:')} ${failed.join(', ')}. What may stay as it is: --waive <point or id> --because <text>`;
}
