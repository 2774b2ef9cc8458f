import { createWriteStream, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Standard input as a file, which can be read twice. It holds events: remove it. */
export type KeptInput = { file: string; remove(): void };

/** Writes standard input to a file of its own that nobody else may read. It goes with the process, unless that is killed. */
export async function keepStandardInput(): Promise<KeptInput> {
  const folder = await mkdtemp(join(tmpdir(), 'meterbridge-input-'));
  const remove = () => {
    process.off('exit', remove);
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', remove);
  const file = join(folder, 'standard-input');
  try {
    await pipeline(process.stdin, createWriteStream(file, { mode: 0o600 }));
    return { file, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
