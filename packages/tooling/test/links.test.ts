import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../../..');

/** The Markdown in a folder of the project. */
function markdownIn(folder: string, recursive = false): string[] {
  return readdirSync(join(ROOT, folder), { encoding: 'utf8', recursive })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file));
}

const packages = readdirSync(join(ROOT, 'packages')).map((name) => join('packages', name));
const documents = [
  ...markdownIn('.'),
  ...markdownIn('docs', true),
  ...packages.flatMap((folder) => markdownIn(folder)),
];

/** What of a document is no example. */
function readText(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8').replace(/^ *```[\s\S]*?^ *```/gm, '');
}

/** The names that a link may have behind its #, as the common hosts make them of headings. */
function anchorsOf(file: string): Set<string> {
  const text = readText(file);
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id!)]);
}

function isDead(file: string, link: string): boolean {
  const [path = '', anchor = ''] = link.split('#');
  const target = path === '' ? file : normalize(join(dirname(file), path));
  if (!existsSync(join(ROOT, target))) return true;
  return anchor !== '' && target.endsWith('.md') && !anchorsOf(target).has(anchor);
}

test.each(documents)('every link of %s within the project leads somewhere', (file) => {
  const links = [...readText(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  expect(links.filter((link) => !/^[a-z]+:/.test(link) && isDead(file, link))).toEqual([]);
});
