import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../load-context.js';

/** What a folder of archives holds: Segment's own are `….gz`. */
const ARCHIVE = /\.(gz|json|jsonl|ndjson)$/;

/**
 * The files that are meant, in order: files, folders with all that is in them, and patterns with `*`, `**`
 * and `?` for where no shell has replaced them.
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
  if (stat?.isDirectory()) return listFiles(pattern).filter((file) => ARCHIVE.test(file));
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

/** Files below a folder by name, so that days come in their order. */
function listFiles(folder: string, prefix = folder): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(prefix, entry.parentPath.slice(folder.length), entry.name))
    .toSorted();
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
