import { spawn } from 'node:child_process';
import { CommandError } from '../load-context.js';

/**
 * Opens a file in $VISUAL or $EDITOR, or vi, which has the terminal until it ends. Ctrl-C is the editor's.
 * @throws CommandError where it cannot be started or fails; the file stays
 */
export async function openEditor(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const editor = env.VISUAL || env.EDITOR || 'vi';
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      // By a shell: `code --wait` is an editor, too.
      const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit', env });
      child.once('error', reject);
      child.once('exit', resolve);
    });
    if (code !== 0)
      throw new CommandError(`${editor} ended with ${code ?? 'a signal'}; the text is in ${file}`);
  } finally {
    process.off('SIGINT', ignore);
  }
}
