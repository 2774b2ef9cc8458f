import { type ImportReport, importLetters } from '@meterbridge/operations';
import { withOperations } from '../../load-context.js';
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
    if (!options.json) console.error(`line ${line}: ${problem}`);
  };
  const report = await withOperations(
    (ops) => interruptible((work) => importLetters(ops, file, onBad, work)),
    options,
  );
  if (report.bad > 0 || report.isStopped) process.exitCode = 1;
  if (options.json) console.log(JSON.stringify({ ...report, problems }, null, 2));
  else console.log(render(report));
}

function render({ imported, restored, stillThere, bad, isStopped }: ImportReport): string {
  const row = (count: number, words: string) => `${count.toLocaleString('en').padStart(9)}  ${words}`;
  return [
    row(imported, 'imported'),
    ...(restored > 0 ? [row(restored, 'of those were discarded, and are so no more')] : []),
    ...(imported > restored ? [row(imported - restored, 'of those are accepted anew')] : []),
    ...(stillThere > 0 ? [row(stillThere, 'lie there still, and were left alone')] : []),
    ...(bad > 0 ? [row(bad, 'lines are no dead letters of this installation, and were passed over')] : []),
    ...(isStopped ? ['Stopped: the lines that follow were not read. The same command goes on.'] : []),
  ].join('\n');
}
