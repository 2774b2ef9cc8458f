import { type EraseTask, eraseRows } from '../erase/erase-rows.js';
import { isInSpool, type LookTask } from '../erase/is-in-spool.js';
import { type ConversionTask, writeRows } from './write-rows.js';

/** What the program beside the archivist does. */
export type Task = ConversionTask | LookTask | EraseTask;

/** Its answers, one or several. */
export async function* performTask(task: Task): AsyncGenerator<unknown, void> {
  if (task.task === 'convert') yield await writeRows(task);
  else if (task.task === 'look') yield await isInSpool(task);
  else yield* eraseRows(task);
}
