import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** The logs of all processes of a stack: a JSON object a line, each as its process wrote it. */
export type LogFile = {
  readonly path: string;
  /** A line that is no JSON object is put into one, with the process that wrote it. */
  write(name: string, line: string): void;
  close(): void;
};

const MAX_BYTES = 50_000_000;

/**
 * Opens a log file, or goes on with the one that is there. Beyond its size it is renamed to `<path>.1`, over the one
 * before, and begun anew: both together never take more than twice as much.
 * @param maxBytes from which on it is begun anew
 */
export function openLogFile(path: string, maxBytes = MAX_BYTES): LogFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const open = () => openSync(path, 'a', 0o600);
  let file = open();
  let bytes = statSync(path).size;
  let isClosed = false;
  return {
    path,
    write(name, line) {
      // A process' last lines come after its end.
      if (isClosed) return;
      const text = `${line.startsWith('{') ? line : JSON.stringify({ name, msg: line })}\n`;
      if (bytes > 0 && bytes + text.length > maxBytes) {
        closeSync(file);
        renameSync(path, `${path}.1`);
        file = open();
        bytes = 0;
      }
      bytes += writeSync(file, text);
    },
    close() {
      isClosed = true;
      closeSync(file);
    },
  };
}
