import {
  type Config,
  type ConfigProblem,
  describeProblems,
  loadSettled,
  planReload,
} from '@meterbridge/config';
import { watchFiles } from '../terminal/watch-files.js';

export type WatchOptions = {
  file: string;
  env: NodeJS.ProcessEnv;
  /** In force now. */
  config: Config;
  onProgress: (line: string) => void;
  /** The processes are not told of it: they would only refuse it, too. */
  onRefused: (problems: readonly ConfigProblem[]) => void;
  /** Has the processes take what was saved. */
  onChange: (config: Config) => Promise<void>;
};

/**
 * Calls `onChange` when the configuration file was saved, or SIGHUP says that a file it names was, and it can be used;
 * says what is wrong with it where it cannot, and leaves everything as it is. Returns what ends the watching.
 */
export function watchConfig({
  file,
  env,
  config,
  onProgress,
  onRefused,
  onChange,
}: WatchOptions): () => void {
  let current = config;
  let busy = Promise.resolve();

  async function look(): Promise<void> {
    const planned = planReload(current, await loadSettled({ file, env }));
    if (planned.reload === 'unchanged') return;
    if (planned.reload === 'refused') {
      onRefused(planned.problems);
      onProgress(
        `${describeProblems(planned.problems, file)}\n  The configuration from before stays in use.`,
      );
      return;
    }
    const { inPlace, needsRestart } = planned;
    const applied = inPlace.length > 0 ? `; in use from now on: ${inPlace.join(', ')}` : '';
    onProgress(`${file} was saved${applied}`);
    if (needsRestart.length > 0) {
      onProgress(
        `${needsRestart.join(', ')}: used after a restart only. End this with Ctrl-C and start it again.`,
      );
    }
    await onChange(planned.config);
    current = planned.config;
  }

  const lookInTurn = () => {
    busy = busy
      .then(look)
      .catch((error: Error) => onProgress(`${file} could not be applied: ${error.message}`));
  };
  const unwatch = watchFiles([file], async () => lookInTurn());
  process.on('SIGHUP', lookInTurn);
  // What was saved while the stack started.
  lookInTurn();
  return () => {
    unwatch();
    process.off('SIGHUP', lookInTurn);
  };
}
