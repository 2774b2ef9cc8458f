import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Searches every line that any process prints, and keeps them all in one file. */
export type LogWatch = {
  watch(name: string, stream: Readable): void;
  /** Lines searched so far. */
  readonly lines: number;
  /** Jobs so far whose lock ran out, and which were put back for another hand to take: a line of a worker each. */
  readonly handsChanged: number;
  /** Replays that workers took so far, and who did, in their order. */
  readonly replaysTaken: readonly { replay: string; by: string }[];
  /** Lines that held what no log may hold; the first few, with the forbidden text itself taken out. */
  readonly leaks: { count: number; examples: string[] };
  close(): Promise<void>;
};

const EXAMPLES = 5;

export function openLogWatch(file: string, forbidden: readonly string[]): LogWatch {
  const out = createWriteStream(file);
  const leaks = { count: 0, examples: [] as string[] };
  let lines = 0;
  let handsChanged = 0;
  const replaysTaken: { replay: string; by: string }[] = [];
  return {
    replaysTaken,
    get lines() {
      return lines;
    },
    get handsChanged() {
      return handsChanged;
    },
    leaks,
    watch(name, stream) {
      createInterface({ input: stream }).on('line', (line) => {
        lines += 1;
        if (line.includes('"code":"stalled"')) handsChanged += 1;
        const replay = line.includes('"msg":"replay.taken"') && /"replay":"(\d+)"/.exec(line)?.[1];
        if (replay) replaysTaken.push({ replay, by: name });
        out.write(`${name} ${line}\n`);
        const found = forbidden.filter((text) => line.includes(text));
        if (found.length === 0) return;
        leaks.count += 1;
        if (leaks.examples.length < EXAMPLES) {
          const shown = found.reduce((text, secret) => text.replaceAll(secret, '<LEAK>'), line);
          leaks.examples.push(`${name}: ${shown.slice(0, 300)}`);
        }
      });
    },
    close: () => new Promise((resolve) => out.end(() => resolve())),
  };
}
