import { unwatchFile, watchFile } from 'node:fs';

const LOOK_EVERY_MS = 300;

/** Calls `onSave` whenever one of the files was saved, once at a time. Returns what ends the watching. */
export function watchFiles(files: readonly string[], onSave: () => Promise<void>): () => void {
  let busy = Promise.resolve();
  for (const file of files) {
    // By looking, not by being told: editors that write a new file and rename it would lose the watch.
    watchFile(file, { interval: LOOK_EVERY_MS }, (now, before) => {
      if (now.mtimeMs !== before.mtimeMs && now.size > 0) busy = busy.then(onSave);
    });
  }
  return () => {
    for (const file of files) unwatchFile(file);
  };
}
