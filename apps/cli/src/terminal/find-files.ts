import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../load-context.js';

/**
 * The files that are meant, in order: files, folders with all that is in them whatever it is called, and patterns
 * with `*`, `**` and `?` for where no shell has replaced them. Which of them are archives is for their content to say.
 * @throws CommandError for what names no file
 */
export function findFiles(patterns: readonly string[]): string[] {
  const found = patterns.flatMap((pattern) => {
    const files = expand(pattern);
    if (files.length === 0) throw new CommandError(`no archive at ${pattern}`);
    return files;
  });
  return [...new Set(found)];
}

function expand(pattern: string): string[] {
  const stat = statSync(pattern, { throwIfNoEntry: false });
  if (stat?.isFile()) return [pattern];
  if (stat?.isDirectory()) return listFiles(pattern);
  if (!/[*?]/.test(pattern)) return [];
  const fixed = pattern.slice(0, pattern.search(/[*?]/));
  const folder = fixed.slice(0, fixed.lastIndexOf('/') + 1);
  const matches = compilePattern(pattern.slice(folder.length));
  const root = folder || '.';
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) return [];
  return listFiles(root, '')
    .filter((file) => matches.test(file))
    .map((file) => join(root, file));
}

/** Files below a folder and links to files by name, so that days come in their order. */
function listFiles(folder: string, prefix = folder): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() || isLinkToFile(entry))
    .map((entry) => join(prefix, entry.parentPath.slice(folder.length), entry.name))
    .toSorted();
}

/** A link that leads nowhere is one too: that it cannot be read is then said by its name. */
function isLinkToFile(entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return false;
  const target = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false });
  return target === undefined || target.isFile();
}

/** `**` is any number of folders, `*` and `?` stay within a name. */
function compilePattern(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*\*\/|\*\*|[*?]|[^*?]+/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : part.replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}
