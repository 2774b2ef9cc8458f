import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  findDeadLetter,
  findImported,
  forgetImported,
  importDeadLetters,
  type OperatorAction,
  shardOfId,
} from '@meterbridge/queue';
import type { RefusedPeople } from '@meterbridge/segment-events';
import { readTexts } from '../archive/read-texts.js';
import { type DurableWriter, withWriter } from '../durable-writer.js';
import { readRefusedPeople } from '../forget/refuse-person.js';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';
import { isStopped, startCounting, type Work } from '../work.js';
import { eventOf, isDelivery, type Letter } from './letter.js';
import { beginAction } from './operator-action.js';
import { type ReadPortable, readPortable } from './portable-letter.js';

type Line = { number: number; letter: Extract<ReadPortable, { ok: true }>['letter'] };

/** What became of a file's lines. */
export type ImportReport = {
  imported: number;
  /** Of those: were discarded, and are so no more. The others are accepted anew. */
  restored: number;
  stillThere: number;
  bad: number;
  /** Of people whose later events are refused: left where they were. */
  personRefused: number;
  isStopped: boolean;
};

const PAGE = 500;

/**
 * Puts exported letters back among the dead letters; those that lie there are left alone.
 * @param onBad told of each line that is no dead letter of this installation: its number from 1, and why; never a value
 * @throws OperationError (`file_unreadable`) after what was read is imported; as `withWriter`
 */
export async function importLetters(
  ops: Operations,
  file: string,
  onBad: (line: number, problem: string) => void,
  work: Work = {},
): Promise<ImportReport> {
  const bytes = await sizeOf(file);
  const run = await beginAction(ops, { what: 'restored', because: 'imported' });
  for (const name of ops.names) await forgetImported(name, ops.redis);
  return withWriter(ops.config, (writer) => importAll(file, bytes, { ops, writer, run, onBad }, work));
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new OperationError('file_unreadable', `${file} cannot be read (${error.code})`);
  });
  return found.size;
}

type Importing = {
  ops: Operations;
  writer: DurableWriter;
  run: OperatorAction;
  onBad: (line: number, problem: string) => void;
};

async function importAll(
  file: string,
  bytes: number,
  { ops, writer, run, onBad }: Importing,
  work: Work,
): Promise<ImportReport> {
  const report: ImportReport = {
    imported: 0,
    restored: 0,
    stillThere: 0,
    bad: 0,
    personRefused: 0,
    isStopped: false,
  };
  const refuse = (line: number, problem: string) => {
    report.bad += 1;
    onBad(line, problem);
  };
  const refused = await readRefusedPeople(ops.config, ops.redis);
  const pages = new Map<string, Line[]>();
  const flush = async (shard: string) => {
    const page = pages.get(shard) ?? [];
    pages.delete(shard);
    const letters = page.map(({ letter }) => letter);
    const { added, restored, stillThere } = await importDeadLetters(
      shard,
      writer.redis,
      letters,
      run,
      writer.replicas,
    );
    report.imported += added;
    report.restored += restored;
    for (const index of stillThere) {
      const { number, letter } = page[index]!;
      if (await isTheSame(letter, ops)) report.stillThere += 1;
      else refuse(number, 'another letter lies here under its id');
    }
  };
  const input = createReadStream(file);
  const progress = startCounting(work, 'bytes', bytes);
  let seen = 0;
  let number = 0;
  try {
    for await (const text of readTexts(input)) {
      if (isStopped(work)) break;
      number += 1;
      progress.add(input.bytesRead - seen);
      seen = input.bytesRead;
      if (text.trim() === '') continue;
      const read = readPortable(
        text,
        ops.names,
        (name, version) => ops.kept.get(name)?.has(version) ?? false,
      );
      if (!read.ok) {
        refuse(number, read.problem);
        continue;
      }
      if (refused && isOfRefused(refused, read.letter.letter)) {
        report.personRefused += 1;
        continue;
      }
      const shard = shardOfId(read.letter.id);
      const page = pages.get(shard) ?? [];
      pages.set(shard, page);
      page.push({ number, letter: read.letter });
      if (page.length >= PAGE) await flush(shard);
    }
    for (const shard of [...pages.keys()]) await flush(shard);
  } catch (error) {
    throw readable(error, file, report);
  } finally {
    input.destroy();
  }
  return { ...report, isStopped: isStopped(work) };
}

function isOfRefused(refused: RefusedPeople, letter: Letter): boolean {
  return isDelivery(letter) ? refused.isOf(letter.event) : refused.isIn(eventOf(letter));
}

/** What was read before a file broke off is imported. */
function readable(error: unknown, file: string, { imported }: ImportReport): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!/^(E[A-Z]+|Z_[A-Z_]+)$/.test(code ?? '')) return error;
  return new OperationError(
    'file_unreadable',
    `${file} cannot be read on: ${message}. ${imported.toLocaleString('en')} imported.`,
  );
}

/** Two that died in one millisecond in two places may have one id. */
async function isTheSame({ id, letter }: Line['letter'], { redis }: Operations): Promise<boolean> {
  const copy = await findImported(id, redis);
  const found =
    (await findDeadLetter<Letter>(id, redis)) ?? (copy && (await findDeadLetter<Letter>(copy, redis)));
  // It was there a moment ago; what a newer version wrote is not read here.
  if (!found || found.newer !== undefined) return true;
  const there = found.letter;
  return isDelivery(letter) && isDelivery(there)
    ? letter.event.messageId === there.event.messageId && letter.rule === there.rule
    : isDeepStrictEqual(letter, there);
}
