import { join } from 'node:path';
import {
  type Closing,
  closeMonth,
  isAsStated,
  type Month,
  type Operations,
  readPublicKey,
  readSigned,
  readSigningKey,
  readWords,
  signStatement,
  verifyStatement,
  type Waiver,
} from '@meterbridge/operations';
import { describeBuild, readBuild } from '@meterbridge/telemetry/build';
import type { Command } from 'commander';
import { CommandError, readCommandEnv, readConfig, withOperations } from '../../load-context.js';
import { keptReceipts, sayUnreadable } from '../../open-books.js';
import { print } from '../../terminal/print.js';
import { tableWidth } from '../../terminal/table.js';
import { interruptible } from '../../terminal/work.js';
import { printNoteText } from '../../terminal/wrap-text.js';
import { makeKey } from './make-key.js';
import { monthBooksIn } from './month-books.js';
import { renderClosing } from './render-closing.js';
import { renderVerification } from './render-verification.js';
import { isThere, readText, writeNew } from './text-files.js';

export type CloseOptions = {
  month?: Month;
  destination?: string;
  waive?: string[];
  because?: string[];
  key?: string;
  out?: string;
  makeKey?: string;
  verify?: string;
  publicKey?: string;
  json?: boolean;
};

const SIGNING_KEY = 'METERBRIDGE_SIGNING_KEY_FILE';
/** Where a run that was stopped is remembered. Begins with a dot, as no shard's folder does. */
const POSITIONS = '.close';

/** Closes a month, makes a key for that, or verifies a statement. Exit code 1 where something is not as it should be. */
export async function close(options: CloseOptions, command: Pick<Command, 'error'>): Promise<void> {
  const { month, makeKey: keyFile, verify } = options;
  const asked = [month, keyFile, verify].filter((each) => each !== undefined);
  if (asked.length !== 1) {
    command.error('error: one of --month, --make-key and --verify was expected', { exitCode: 2 });
  }
  if (keyFile !== undefined) return makeKey(keyFile);
  if (verify !== undefined) return verifyFile(verify, options);
  const { waive = [], because = [] } = options;
  if (waive.length !== because.length) {
    command.error('error: each --waive needs its --because', { exitCode: 2 });
  }
  await closeAll(
    { ...options, month: month! },
    waive.map((what, at) => ({ what, because: readWords('--because', because[at]!) })),
  );
}

async function closeAll(options: CloseOptions & { month: Month }, waivers: Waiver[]): Promise<void> {
  const keyFile = options.key ?? (process.env[SIGNING_KEY] || undefined);
  const key = keyFile === undefined ? undefined : readSigningKey(await readText(keyFile));
  await withOperations(async (ops) => {
    const statements = await nameStatements(ops, options);
    const documents: (Closing & { file: string | null })[] = [];
    for (const { destination, out } of statements) {
      const closing = await closeOne(ops, destination, options.month, waivers);
      const text = closing.statement && key ? signStatement(closing.statement, key) : null;
      if (text !== null) await writeNew(out, text);
      else process.exitCode = 1;
      const file = text === null ? null : out;
      documents.push({ ...closing, file });
      if (!options.json) print(renderClosing(closing, file, tableWidth()));
      sayUnused(closing);
    }
    if (options.json) print(JSON.stringify(documents, null, 2));
  });
}

/** @throws CommandError where one is there already: it is not written over */
async function nameStatements(
  { config }: Operations,
  { destination, out, month }: CloseOptions & { month: Month },
): Promise<{ destination: string; out: string }[]> {
  const names = destination === undefined ? config.destinations.map(({ name }) => name) : [destination];
  if (out !== undefined && names.length > 1) {
    throw new CommandError('--out takes one statement: say --destination, too.');
  }
  const statements = names.map((name) => ({
    destination: name,
    out: out ?? `meterbridge-${name}-${month.name}.json`,
  }));
  for (const each of statements) {
    if (!(await isThere(each.out))) continue;
    throw new CommandError(
      `${each.out} is there already, and is not written over. What it is worth: close --verify ${each.out}`,
    );
  }
  return statements;
}

function closeOne(ops: Operations, destination: string, month: Month, waivers: Waiver[]): Promise<Closing> {
  const { directory } = keptReceipts(ops);
  const question = {
    ...{ destination, month, waivers },
    ...{ positions: join(directory, POSITIONS), program: describeBuild(readBuild()) },
  };
  const books = monthBooksIn(directory, destination);
  return sayUnreadable(directory, () => interruptible((work) => closeMonth(ops, question, books, work)));
}

function sayUnused({ unusedWaivers }: Closing): void {
  for (const { what } of unusedWaivers) {
    printNoteText(`--waive ${what} lets nothing pass: it holds, or there is nothing of that name.`);
  }
}

/** Needs the books and no Redis. */
async function verifyFile(
  file: string,
  { publicKey, json }: Pick<CloseOptions, 'publicKey' | 'json'>,
): Promise<void> {
  const expected = publicKey === undefined ? undefined : readPublicKey(await readText(publicKey));
  const signed = readSigned(await readText(file), expected);
  const config = readConfig(readCommandEnv(process.env), { allowUnset: true });
  const { directory } = keptReceipts({ config });
  const books = monthBooksIn(directory, signed.statement.destination);
  const verification = await sayUnreadable(directory, () =>
    interruptible((work) => verifyStatement(signed, books, work)),
  );
  if (!isAsStated(verification)) process.exitCode = 1;
  if (json) return print(JSON.stringify(verification, null, 2));
  print(renderVerification(verification, { isExpected: expected !== undefined, width: tableWidth() }));
}
