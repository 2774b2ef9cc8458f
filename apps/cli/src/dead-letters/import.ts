import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  findDeadLetter,
  findImported,
  forgetImported,
  type HandRun,
  importDeadLetters,
} from '@meterbridge/queue';
import { readTexts } from '../archive/read-texts.js';
import { type Hand, withHand } from '../hand.js';
import { CommandError } from '../load-context.js';
import { heedInterruption } from '../terminal/interruption.js';
import { startProgress } from '../terminal/progress.js';
import { beginHandRun } from './hand-run.js';
import { isDelivery, type Letter, shardOf } from './letter.js';
import { type LetterBox, openLetters } from './open-letters.js';
import { type ReadPortable, readPortable } from './portable-letter.js';

export type ImportOptions = { as?: string; json?: boolean };

type Line = { number: number; letter: Extract<ReadPortable, { ok: true }>['letter'] };

/** What became of a file's lines. */
type Report = {
  imported: number;
  /** Of those: were discarded, and are so no more. The others are accepted anew. */
  restored: number;
  stillThere: number;
  bad: number;
  isStopped: boolean;
};

const PAGE = 500;
/** How many bad lines are named: of a wrong file all are bad. */
const NAMED = 100;

/** Puts exported letters back among the dead letters; those that lie there are left alone. */
export async function importLetters(file: string, options: ImportOptions): Promise<void> {
  const bytes = await sizeOf(file);
  const box = await openLetters();
  const problems: { line: number; problem: string }[] = [];
  try {
    const run = await beginHandRun(box.redis, { what: 'restored', because: 'imported', as: options.as });
    for (const name of box.names) await forgetImported(name, box.redis);
    const onBad = (line: number, problem: string) => {
      if (problems.length >= NAMED) return;
      problems.push({ line, problem });
      if (!options.json) console.error(`line ${line}: ${problem}`);
    };
    const report = await withHand(box.config, (hand) => bringAll(file, bytes, { box, hand, run, onBad }));
    if (report.bad > 0 || report.isStopped) process.exitCode = 1;
    if (options.json) console.log(JSON.stringify({ ...report, problems }, null, 2));
    else console.log(render(report));
  } finally {
    box.close();
  }
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${file} cannot be read (${error.code})`);
  });
  return found.size;
}

type Bringing = {
  box: LetterBox;
  hand: Hand;
  run: HandRun;
  onBad: (line: number, problem: string) => void;
};

async function bringAll(file: string, bytes: number, { box, hand, run, onBad }: Bringing): Promise<Report> {
  const report: Report = { imported: 0, restored: 0, stillThere: 0, bad: 0, isStopped: false };
  const refuse = (line: number, problem: string) => {
    report.bad += 1;
    onBad(line, problem);
  };
  const pages = new Map<string, Line[]>();
  const flush = async (shard: string) => {
    const page = pages.get(shard) ?? [];
    pages.delete(shard);
    const letters = page.map(({ letter }) => letter);
    const { added, restored, stillThere } = await importDeadLetters(
      shard,
      hand.redis,
      letters,
      run,
      hand.replicas,
    );
    report.imported += added;
    report.restored += restored;
    for (const index of stillThere) {
      const { number, letter } = page[index]!;
      if (await isTheSame(letter, box)) report.stillThere += 1;
      else refuse(number, 'another letter lies here under its id');
    }
  };
  const interruption = heedInterruption();
  const input = createReadStream(file);
  const progress = startProgress('bytes', bytes);
  let seen = 0;
  let number = 0;
  try {
    for await (const text of readTexts(input)) {
      if (interruption.isAsked) break;
      number += 1;
      progress.add(input.bytesRead - seen);
      seen = input.bytesRead;
      if (text.trim() === '') continue;
      const read = readPortable(
        text,
        box.names,
        (name, version) => box.kept.get(name)?.has(version) ?? false,
      );
      if (!read.ok) {
        refuse(number, read.problem);
        continue;
      }
      const shard = shardOf(read.letter);
      const page = pages.get(shard) ?? [];
      pages.set(shard, page);
      page.push({ number, letter: read.letter });
      if (page.length >= PAGE) await flush(shard);
    }
    for (const shard of [...pages.keys()]) await flush(shard);
  } catch (error) {
    throw readable(error, file, report);
  } finally {
    progress.end();
    interruption.end();
    input.destroy();
  }
  return { ...report, isStopped: interruption.isAsked };
}

/** What was read before a file broke off is imported. */
function readable(error: unknown, file: string, { imported }: Report): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!/^(E[A-Z]+|Z_[A-Z_]+)$/.test(code ?? '')) return error;
  return new CommandError(
    `${file} cannot be read on: ${message}. ${imported.toLocaleString('en')} imported.`,
  );
}

/** Two that died in one millisecond in two places may have one id. */
async function isTheSame({ id, letter }: Line['letter'], { redis }: LetterBox): Promise<boolean> {
  const copy = await findImported(id, redis);
  const found =
    (await findDeadLetter<Letter>(id, redis)) ?? (copy && (await findDeadLetter<Letter>(copy, redis)));
  // It was there a moment ago.
  if (!found) return true;
  const there = found.letter;
  return isDelivery(letter) && isDelivery(there)
    ? letter.event.messageId === there.event.messageId && letter.rule === there.rule
    : isDeepStrictEqual(letter, there);
}

function render({ imported, restored, stillThere, bad, isStopped }: Report): string {
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
