import { constants, setPriority } from 'node:os';
import { performTask } from './perform-task.js';

/*
 * The program that does one task with rows: the task as JSON in the first argument, its answers as JSON on stdout, a line
 * each. It gives way to all else on the machine, and ends with whoever started it: stdin closes then.
 */

setPriority(constants.priority.PRIORITY_LOW);
process.stdin.on('end', () => process.exit(1)).resume();

const say = (answer: unknown) =>
  new Promise((resolve) => process.stdout.write(`${JSON.stringify(answer)}\n`, resolve));

try {
  for await (const answer of performTask(JSON.parse(process.argv[2]!))) await say(answer);
  process.exit(0);
} catch (error) {
  const { name, message } = error as Error;
  process.stderr.write(`${name}: ${message}\n`, () => process.exit(1));
}
