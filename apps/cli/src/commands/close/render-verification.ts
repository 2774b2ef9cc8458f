import { isAsStated, sayChange, type Verification } from '@meterbridge/operations';
import { grouped } from '../../terminal/grouped.js';
import { style } from '../../terminal/style.js';
import { visible } from '../../terminal/visible.js';
import { wrapText } from '../../terminal/wrap-text.js';

/** @param isExpected the key is the one that somebody named; @param width in characters */
export function renderVerification(
  verification: Verification,
  { isExpected, width }: { isExpected: boolean; width: number },
): string {
  const { statement, differences, later } = verification;
  const { destination, month, closedAt, closedBy } = statement;
  const lines = [
    visible(`${destination}, ${month}, closed ${closedAt} by ${closedBy}`),
    ...(isExpected
      ? []
      : ['Whose key signed it is not checked: --public-key names the one that has to have.']),
    ...differences.map((each) => `${style('red', '✗')} ${visible(each)}`),
    ...renderLater(later),
    isAsStated(verification)
      ? `${style('green', 'It says what is.')}`
      : style('red', 'It is not what is now.'),
  ];
  return wrapText(lines.join('\n'), width);
}

function renderLater({ files, spooled, codes, filtered }: Verification['later']): string[] {
  const came = [
    ...files.map(({ name, deliveries }) => `  ${name}: ${grouped(deliveries)} deliveries of the month`),
    ...(spooled > 0 ? [`  in spools, to be files yet: ${grouped(spooled)} deliveries of the month`] : []),
  ];
  const changes = [
    ...codes.map((change) => `  ${visible(`${change.code}: ${sayChange(change)}`)}`),
    ...(filtered > 0 ? [`  filtered: ${grouped(filtered)} events more`] : []),
  ];
  return [
    ...(came.length > 0 ? ['Came after it:', ...came] : []),
    ...(changes.length > 0 ? ['With that the month is:', ...changes] : []),
  ];
}
