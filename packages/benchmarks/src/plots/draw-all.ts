import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recorded } from '../record.js';
import { drawSvg } from './draw.js';
import { PLOTS } from './index.js';

/** Draws the figures that lie in a directory, beside them; resolves to the files it wrote. */
export async function drawAll(directory: string): Promise<string[]> {
  const written: string[] = [];
  for (const [name, plot] of Object.entries(PLOTS)) {
    const text = await readFile(join(directory, `${name}.json`), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const { figures } = JSON.parse(text) as Recorded;
    for (const [part, option] of Object.entries(plot(figures as never))) {
      const file = join(directory, `${name}-${part}.svg`);
      await writeFile(file, drawSvg(option));
      written.push(file);
    }
  }
  return written;
}
