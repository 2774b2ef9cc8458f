import { type PlacedFinding, readWords, resolveFindings, waiveFindings } from '@meterbridge/operations';
import { withOperations } from '../../load-context.js';
import { grouped } from '../../terminal/grouped.js';
import { howToRun } from '../../terminal/hint.js';
import { print } from '../../terminal/print.js';
import { printText } from '../../terminal/wrap-text.js';

type ChangeOptions = { destination?: string; as?: string; json?: boolean };

/** Lets findings stand, and keeps who said so, why and when. */
export async function waive(ids: string[], options: ChangeOptions & { because: string }): Promise<void> {
  const because = readWords('--because', options.because);
  const { destination } = options;
  const done = await withOperations((ops) => waiveFindings(ops, ids, { because, destination }), options);
  tell(done, 'waived', options, `Who, when and why: ${howToRun('findings list')}`);
}

/** Ends findings whose cause is put right. */
export async function resolve(ids: string[], options: ChangeOptions): Promise<void> {
  const { destination } = options;
  const done = await withOperations((ops) => resolveFindings(ops, ids, { destination }), options);
  tell(done, 'resolved', options, `Who and when: ${howToRun('findings list --resolved')}`);
}

function tell(
  done: readonly PlacedFinding[],
  word: 'waived' | 'resolved',
  { json }: ChangeOptions,
  next: string,
): void {
  if (json) {
    print(JSON.stringify({ [word]: done.map(({ destination, id }) => ({ destination, id })) }));
    return;
  }
  printText(`${grouped(done.length)} ${done.length === 1 ? 'finding is' : 'findings are'} ${word}. ${next}`);
}
