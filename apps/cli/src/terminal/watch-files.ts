import { statSync } from 'node:fs';

const LOOK_EVERY_MS = 300;

/**
 * Calls `onSave` whenever one of the files was saved after this call, one call after the other. Call it before the files
 * are read, and nothing that is saved meanwhile is missed.
 * @param onSave never rejects
 * @returns what ends the watching
 */
export function watchFiles(files: readonly string[], onSave: () => Promise<void>): () => void {
  let seen = lookAt(files);
  let busy = Promise.resolve();
  // By looking, not by being told: editors that write a new file and rename it would lose the watch.
  const timer = setInterval(() => {
    const now = lookAt(files);
    const isSaved = now.some((state, index) => state !== null && state !== seen[index]);
    // A file that is away for a moment is compared with what it was.
    seen = now.map((state, index) => state ?? seen[index]!);
    if (isSaved) busy = busy.then(onSave);
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

/** What changes of a file when it is saved; null while it is empty or cannot be looked at. */
function lookAt(files: readonly string[]): (string | null)[] {
  return files.map((file) => {
    try {
      const { mtimeMs, ino, size } = statSync(file);
      return size > 0 ? `${mtimeMs} ${ino} ${size}` : null;
    } catch {
      return null;
    }
  });
}
