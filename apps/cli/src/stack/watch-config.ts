import { unwatchFile, watchFile } from 'node:fs';
import { describeProblems, loadConfig } from '@meterbridge/config';

const LOOK_EVERY_MS = 500;

/**
 * Calls `onChange` when the configuration file was saved and can be read; says what is wrong with it where
 * it cannot, and leaves everything as it is. Returns what ends the watching.
 */
export function watchConfig(
  file: string,
  env: NodeJS.ProcessEnv,
  onProgress: (line: string) => void,
  onChange: () => Promise<void>,
): () => void {
  let busy = Promise.resolve();
  const look = () => {
    const loaded = loadConfig({ file, env });
    if (!loaded.ok) {
      onProgress(`${describeProblems(loaded.problems, file)}\n  The configuration from before stays in use.`);
      return;
    }
    onProgress(`${file} was saved; receiver and worker start again with it`);
    busy = busy.then(onChange);
  };
  watchFile(file, { interval: LOOK_EVERY_MS }, (now, before) => {
    if (now.mtimeMs !== before.mtimeMs && now.size > 0) look();
  });
  return () => unwatchFile(file);
}
