import { stat } from 'node:fs/promises';
import type { FilePosition } from '@meterbridge/queue';
import type { JudgeLine } from '../archive/judge-line.js';
import { isObject, type ObjectStore } from '../archive/object-store.js';
import { openArchive, ReadError, STANDARD_INPUT } from '../archive/open-archive.js';
import { Group, type Sink } from './group.js';

/** What is written at once: a full job of each destination. */
export const GROUP_EVENTS = 500;
const GROUP_CHARACTERS = 500_000;
/** What is passed by costs nothing, and how far it goes has to be known now and then. */
const GROUP_LINES = 20_000;

export type Reading = {
  files: readonly string[];
  /** What to read instead of the file of that name. */
  inputOf?: (file: string) => AsyncIterable<Buffer> | undefined;
  /** Needed where files are objects. */
  objects?: ObjectStore | undefined;
  judge: JudgeLine;
  sink: Sink;
  /** Where to go on, by file. */
  positions: ReadonlyMap<string, FilePosition>;
  /** Events a group may hold. */
  mostEvents?: number;
  isStopped: () => boolean;
  /** Told of what was read of the files, as they are stored. */
  onBytes: (count: number) => void;
};

/** A file that could not be read to its end, and after which line. */
export type Unreadable = { file: string; line: number; problem: string };

/** What was read: all, or up to a stop. */
export type ReadResult = { unreadable: Unreadable[]; stoppedAt?: { file: string; line: number } };

/**
 * Reads files one after the other and hands on what their lines are, in groups. A file that is cut off or damaged
 * takes nothing of the others with it.
 */
export async function readGroups(reading: Reading): Promise<ReadResult> {
  const { files, inputOf, objects, judge, sink, isStopped, mostEvents = GROUP_EVENTS } = reading;
  const result: ReadResult = { unreadable: [] };
  let group = new Group();
  const handOn = async () => {
    const full = group;
    group = new Group();
    await sink.add(full);
  };
  for (const file of files) {
    const { bytes, stamp } = await statOf(file, objects).catch((error: NodeJS.ErrnoException) => {
      result.unreadable.push({ file, line: 0, problem: error.message });
      return { bytes: 0, stamp: null };
    });
    if (stamp === null) continue;
    const from = startOf(reading.positions.get(file), stamp);
    if (from.isDone) {
      reading.onBytes(bytes ?? 0);
      continue;
    }
    let line = 0;
    const reach = (isDone: boolean) =>
      group.reached.set(file, { line: Math.max(line, from.line), isDone, stamp });
    try {
      const input = isObject(file) ? objects?.open(file) : inputOf?.(file);
      for await (const lines of openArchive(file, reading.onBytes, input)) {
        for (const text of lines) {
          line += 1;
          if (line <= from.line) continue;
          group.lines += 1;
          if (typeof text === 'string') group.characters += text.length;
          for (const judged of judge(text, `${file}:${line}`)) group.add(judged, file, line);
          if (!isFull(group, mostEvents)) continue;
          reach(false);
          await handOn();
          if (isStopped()) break;
        }
        if (isStopped()) break;
      }
      reach(!isStopped());
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      reach(false);
      result.unreadable.push({ file, line, problem: error.message });
    }
    if (isStopped()) {
      result.stoppedAt = { file, line: Math.max(line, from.line) };
      break;
    }
  }
  await handOn();
  await sink.end();
  return result;
}

function isFull({ events, lines, characters, passedBy }: Group, mostEvents: number): boolean {
  if (events.length >= mostEvents || lines >= GROUP_LINES) return true;
  return characters >= GROUP_CHARACTERS && lines > passedBy.length;
}

/** The beginning, where the file is another one than that of the position. */
function startOf(position: FilePosition | undefined, stamp: string): FilePosition {
  return position?.stamp === stamp ? position : { line: 0, isDone: false, stamp };
}

/** A file's size, null for standard input, and what changes when it is written to. */
export async function statOf(
  file: string,
  objects?: ObjectStore,
): Promise<{ bytes: number | null; stamp: string }> {
  if (objects && isObject(file)) return objects.statOf(file);
  if (file === STANDARD_INPUT) return { bytes: null, stamp: file };
  const { size, mtimeMs } = await stat(file);
  return { bytes: size, stamp: `${size} bytes of ${new Date(mtimeMs).toISOString()}` };
}
