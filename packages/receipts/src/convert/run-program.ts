import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Task } from './perform-task.js';

/** A name in the bundle of an app, too: it lies beside the file that this is in. */
const PROGRAM = fileURLToPath(new URL('./convert-main.js', import.meta.url));

/** The program ended without an answer. What it worked on is as it was: it may be begun again. */
export class ConversionError extends Error {
  override name = 'ConversionError';
  readonly code = 'conversion_failed';

  constructor(what: string, why: string) {
    super(`the rows of ${what} could not be written: ${why}`);
  }
}

/**
 * Has a task done in another process: it costs much CPU and memory, and what crashes in there is not this program. It is
 * ended where its answers are not all taken.
 * @param what it is about, for people
 * @param signal ends it
 */
export async function* runProgram<Answer>(
  what: string,
  task: Task,
  signal: AbortSignal | undefined,
): AsyncGenerator<Answer, void> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(task)], {
    // Nothing of what this process may know: keys, say.
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<string | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, killedBy) => resolve(code === 0 ? null : (killedBy ?? `exit code ${code}`)));
  });
  ended.catch(() => {});
  const complaint = text(child.stderr);
  complaint.catch(() => {});
  try {
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Answer;
    const failure = await ended;
    if (failure !== null) throw new ConversionError(what, (await complaint).trim() || failure);
  } finally {
    child.kill('SIGKILL');
    child.stdout.resume();
    // Nobody else may be at work in its folder once this is over.
    await ended.catch(() => {});
  }
}
