import { type DestinationType, descriptions } from '@meterbridge/destinations/descriptions';
import type { FindingKind, ReconcileReport, ReportedFinding } from '@meterbridge/operations';
import { grouped } from '../../terminal/grouped.js';
import { style } from '../../terminal/style.js';
import { renderTable } from '../../terminal/table.js';
import { visible } from '../../terminal/visible.js';
import { wrapText } from '../../terminal/wrap-text.js';

/** Findings of a kind that people are shown; all stand in the JSON. */
const SHOWN = 10;

const WORDS: Record<FindingKind, string> = {
  missing_there: 'were taken by the API, and are not there',
  deleted_there:
    'were called duplicates by the API, and nothing is shown under their ids: somebody has taken them away there, and sent again they are refused',
  twice_there: 'are there more than once, and billed so often',
  other_content: 'are there with another time, owner, code or content than was sent',
};

/** @param width in characters */
export function renderReconciliation(report: ReconcileReport, width: number): string {
  const { lines, findings, notCompared, withoutReceipt, reads, contents } = report;
  const title = descriptions[report.type as DestinationType].title;
  const asked = `asked ${title} ${grouped(reads)} times`;
  const head = `${report.destination}, from ${short(report.from)} to ${short(report.to)}, by the events' own times; ${asked}.`;
  if (lines.length === 0 && withoutReceipt === 0)
    return wrapText(`${head}\nThe books have no usage of that time.`, width);
  const sum = (of: 'booked' | 'held' | 'others' | 'findings') =>
    grouped(lines.reduce((total, line) => total + line[of], 0));
  const table = renderTable(
    {
      columns: [
        { head: 'code', minWidth: 12 },
        { head: 'in the books', align: 'right' },
        { head: 'there', align: 'right' },
        { head: "others'", align: 'right', dropRank: 1 },
        { head: 'findings', align: 'right' },
      ],
      rows: lines.map(({ code, booked, held, others, findings: found }) => [
        code,
        ...[booked, held, others, found].map(grouped),
      ]),
      total: ['total', sum('booked'), sum('held'), sum('others'), sum('findings')],
    },
    width,
  );
  const words = [
    '',
    ...(Object.keys(WORDS) as FindingKind[]).flatMap((kind) =>
      renderKind(
        kind,
        findings.filter(({ finding }) => finding === kind),
      ),
    ),
    ...(notCompared > 0
      ? [`Of ${grouped(notCompared)} that are there nobody knows whether their content is what was sent.`, '']
      : []),
    ...(withoutReceipt > 0
      ? [
          style(
            'yellow',
            `The books have a gap: ${grouped(withoutReceipt)} deliveries that may be of that time ended without a receipt, and are held against nothing; the API has them among the others'.`,
          ),
          '',
        ]
      : []),
    findings.length === 0
      ? `${withoutReceipt > 0 ? 'Of what the books have, nothing differs' : style('green', 'Nothing differs')}${contents ? ', each event compared.' : ', by counts of each hour.'}`
      : 'Each was looked at twice. --json names them all.',
  ];
  const text = [head, '', table, ...words].map((each) => (each === table ? each : wrapText(each, width)));
  return [...text, ...renderSendAgain(report)].join('\n');
}

function renderKind(kind: FindingKind, findings: readonly ReportedFinding[]): string[] {
  if (findings.length === 0) return [];
  const rest = findings.length - SHOWN;
  return [
    `${style('red', kind)}: ${grouped(findings.length)} ${WORDS[kind]}`,
    ...findings.slice(0, SHOWN).map(renderFinding),
    ...(rest > 0 ? [`  … and ${grouped(rest)} more`] : []),
    '',
  ];
}

function renderFinding({ usageId, code, owner, time, fields }: ReportedFinding): string {
  const differing = fields.length > 0 ? `: ${fields.join(', ')}` : '';
  return `  ${visible(`${usageId} of ${time}, ${code}${owner === undefined ? '' : `, ${owner}`}${differing}`)}`;
}

/** A command to be copied: it is not broken. */
function renderSendAgain({ sendAgain, type, destination, from, to, contents }: ReconcileReport): string[] {
  if (sendAgain.length === 0) return [];
  const { apiKey } = descriptions[type as DestinationType].env;
  const options = `--destination ${destination} --from ${from} --to ${to}${contents ? ' --contents' : ''}`;
  return [
    '',
    `What is missing there can be sent again as it was sent, in ${grouped(sendAgain.length)} requests:`,
    '',
    `  meterbridge reconcile ${options} \\`,
    '    --json > reconcile.json',
    "  jq -r '.sendAgain[] | .url, .body' reconcile.json |",
    '    while IFS= read -r url && IFS= read -r body; do',
    `      printf %s "$body" | curl -sS --fail-with-body -H "Authorization: Bearer $${apiKey}" \\`,
    '        -H "Content-Type: application/json" --data-binary @- "$url" || break',
    '    done',
    '',
    'Id and time are those of before. reconcile.json holds what was sent: remove it.',
  ];
}

function short(iso: string): string {
  return iso.replace(':00.000Z', 'Z');
}
