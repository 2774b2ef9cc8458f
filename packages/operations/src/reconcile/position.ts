import { hash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventSpan } from '@meterbridge/receipts';
import * as z from 'zod';

/** What an earlier hour has answered may be another thing tomorrow. */
const VALID_FOR_MS = 24 * 3_600_000;

const spanSchema = z.strictObject({ from: z.int(), to: z.int() });

const positionSchema = z.strictObject({
  format: z.literal(1),
  /** Epoch milliseconds. */
  beganAt: z.int(),
  /** The first look has come so far. */
  doneUpTo: z.int(),
  lines: z.array(z.strictObject({ code: z.string(), booked: z.int(), held: z.int(), others: z.int() })),
  notCompared: z.int(),
  /** Spans in which something differed, and what. */
  suspects: z.array(z.strictObject({ code: z.string(), span: spanSchema, names: z.array(z.string()) })),
});

/** How far a first look has come, and what it has seen. */
export type Position = z.output<typeof positionSchema>;

export type Suspect = Position['suspects'][number];

/** Where a first look begins. */
export function startPosition({ from }: EventSpan, now: number): Position {
  return { format: 1, beganAt: now, doneUpTo: from, lines: [], notCompared: 0, suspects: [] };
}

/** Keeps the position of one question in a file, for a run that is ended and started again. */
export class PositionFile {
  private readonly folder: string;
  private readonly file: string;

  /** @param question the same for the same question alone */
  constructor(folder: string, question: string) {
    this.folder = folder;
    this.file = join(folder, `${hash('sha256', question, 'hex').slice(0, 16)}.json`);
  }

  /** Null where nothing of use is kept. */
  async read(now: number): Promise<Position | null> {
    const text = await readFile(this.file, 'utf8').catch(() => null);
    if (text === null) return null;
    const read = positionSchema.safeParse(readJson(text));
    return read.success && now - read.data.beganAt < VALID_FOR_MS ? read.data : null;
  }

  /** All of it or nothing, wherever this process ends. */
  async write(position: Position): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const temporary = `${this.file}.${randomUUID()}`;
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify(position));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, this.file);
  }

  async forget(): Promise<void> {
    await rm(this.file, { force: true });
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
