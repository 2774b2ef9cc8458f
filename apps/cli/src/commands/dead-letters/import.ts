import { type ImportReport, importLetters } from '@meterbridge/operations';
import { withOperations } from '../../load-context.js';
import { countRow } from '../../terminal/count-row.js';
import { print, printNote } from '../../terminal/print.js';
import { visible } from '../../terminal/visible.js';
import { interruptible } from '../../terminal/work.js';

export type ImportOptions = { as?: string; json?: boolean };

/** How many bad lines are named: of a wrong file all are bad. */
const NAMED = 100;

/** Puts exported letters back among the dead letters; those that lie there are left alone. */
export async function importFromFile(file: string, options: ImportOptions): Promise<void> {
  const problems: { line: number; problem: string }[] = [];
  const onBad = (line: number, problem: string) => {
    if (problems.length >= NAMED) return;
    problems.push({ line, problem });
    if (!options.json) printNote(`line ${line}: ${visible(problem)}`);
  };
  const report = await withOperations(
    (ops) => interruptible((work) => importLetters(ops, file, onBad, work)),
    options,
  );
  if (report.bad > 0 || report.isStopped) process.exitCode = 1;
  if (options.json) print(JSON.stringify({ ...report, problems }, null, 2));
  else print(render(report));
}

function render({ imported, restored, stillThere, bad, personRefused, isStopped }: ImportReport): string {
  return [
    countRow(imported, 'imported'),
    ...(restored > 0 ? [countRow(restored, 'of those were discarded, and are so no more')] : []),
    ...(imported > restored ? [countRow(imported - restored, 'of those are accepted anew')] : []),
    ...(stillThere > 0 ? [countRow(stillThere, 'lie there still, and were left alone')] : []),
    ...(personRefused > 0
      ? [countRow(personRefused, 'are of people whose later events are refused, and were left out')]
      : []),
    ...(bad > 0
      ? [countRow(bad, 'lines are no dead letters of this installation, and were passed over')]
      : []),
    ...(isStopped ? ['Stopped: the lines that follow were not read. The same command goes on.'] : []),
  ].join('\n');
}
