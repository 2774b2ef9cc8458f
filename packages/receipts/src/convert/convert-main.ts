import { constants, setPriority } from 'node:os';
import { writeRows } from './write-rows.js';

/*
 * The program that converts one spool: its task as JSON in the first argument, the file's entry of the manifest as JSON
 * on stdout. It gives way to all else on the machine, and ends with whoever started it: stdin closes then.
 */

setPriority(constants.priority.PRIORITY_LOW);
process.stdin.on('end', () => process.exit(1)).resume();

try {
  const written = await writeRows(JSON.parse(process.argv[2]!));
  process.stdout.write(JSON.stringify(written), () => process.exit(0));
} catch (error) {
  const { name, message } = error as Error;
  process.stderr.write(`${name}: ${message}\n`, () => process.exit(1));
}
