import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from '@jest/globals';

const MAIN = join(import.meta.dirname, '../dist/main.js');

function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
  });
}

test('--help is an answer, and an unknown name is said before anything starts', async () => {
  const help = await bench('--help');
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('npm run bench -- --short throughput');
  const unknown = await bench('speed');
  expect(unknown).toMatchObject({ code: 2, stdout: '' });
  expect(unknown.stderr).toContain('there is no benchmark speed');
});

test('plots draws the figures that lie there, the same each time', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'meterbridge-plots-'));
  try {
    const trials = [1, 2, 4, 8].map((workers) => ({
      workers,
      eventsPerSecond: 1_900 * workers,
      ofLinear: 1,
      cpuShare: 0.1 * workers,
    }));
    await writeFile(
      join(directory, 'workers.json'),
      JSON.stringify({ name: 'workers', figures: { trials } }),
    );
    const draw = async () => {
      const { code, stdout } = await bench('plots', '--out', directory);
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${join(directory, 'workers-rate.svg')}\n` });
      return readFile(join(directory, 'workers-rate.svg'), 'utf8');
    };
    const svg = await draw();
    expect(svg).toMatch(/^<svg .*<\/svg>\n$/s);
    for (const text of ['linear', '10 %', '80 %']) expect(svg).toContain(text);
    expect(await draw()).toBe(svg);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('the page shows what its figures draw', async () => {
  const kept = join(import.meta.dirname, '../../../docs/benchmarks');
  const directory = await mkdtemp(join(tmpdir(), 'meterbridge-plots-'));
  try {
    await cp(kept, directory, { recursive: true, filter: (path) => !path.endsWith('.svg') });
    const { stdout } = await bench('plots', '--out', directory);
    const drawn = stdout
      .trim()
      .split('\n')
      .map((file) => basename(file));
    const page = await readFile(`${kept}.md`, 'utf8');
    const shown = [...page.matchAll(/\]\(benchmarks\/(.+\.svg)\)/g)].map(([, file]) => file!);
    expect(shown.toSorted()).toEqual(drawn.toSorted());
    for (const file of shown) {
      expect(await readFile(join(kept, file), 'utf8')).toBe(await readFile(join(directory, file), 'utf8'));
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
