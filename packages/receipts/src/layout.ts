import { basename, join } from 'node:path';
import { destinationOf } from '@meterbridge/queue/batch';

/*
 * What lies where in a store: a folder a shard, `<dir>/lago@1`, and in it
 *   manifest.<number>.json  which files count: that of the highest number
 *   erasures.json        which of them were written anew, since a person was forgotten
 *   rules/<version>.json the text of each version of the rules that a row was sent by
 *   <name>.spool         entries as they came, until they are rows
 *   <name>.parquet       rows, of the spool of that name
 * and beside the shards `.person-key`, by which rows say whose they are.
 */

const RULES = 'rules';
const SPOOL = '.spool';
const MANIFEST = /^manifest\.(\d+)\.json$/;
const ARCHIVE = '.parquet';
/** How the folder begins that a conversion works in. */
export const WORK_PREFIX = '.convert-';

export function shardFolder(dir: string, shard: string): string {
  return join(dir, shard);
}

/** The folders of a store that may be a destination's shards. Pure. */
export function shardsAmong(names: readonly string[], destination: string): string[] {
  return names.filter((name) => destinationOf(name) === destination).toSorted();
}

/** The destinations whose shards a store's folders may be; what begins with a dot is none. Pure. */
export function destinationsAmong(names: readonly string[]): string[] {
  const shards = names.filter((name) => !name.startsWith('.'));
  return [...new Set(shards.map(destinationOf))].toSorted();
}

export function rulesFolder(folder: string): string {
  return join(folder, RULES);
}

const VERSION = /^[\w-]+$/;

/**
 * Where a version's text lies.
 * @param folder the shard's
 * @returns null for what is no version: it would lead to another folder
 */
export function rulesFile(folder: string, version: string): string | null {
  return VERSION.test(version) ? join(folder, RULES, `${version}.json`) : null;
}

/** Wide enough to be in order as text for as long as anybody lives. */
const DIGITS = 8;

/**
 * The name of a new spool: a number above every one that stands in a file's name, so that names are in the order in
 * which spools began, and none is given twice.
 * @param files names of files in the shard's folder, and of those that its manifest names
 */
export function nextSpoolName(files: Iterable<string>): string {
  let last = 0;
  for (const file of files) {
    if (!isSpoolFile(file) && !isArchiveFile(file)) continue;
    for (const number of basename(file).match(/\d+/g) ?? []) last = Math.max(last, Number(number));
  }
  return String(last + 1).padStart(DIGITS, '0');
}

/** The file of a manifest. */
export function manifestName(number: number): string {
  return `manifest.${String(number).padStart(DIGITS, '0')}.json`;
}

/** The numbers of the manifests among files, highest first. */
export function manifestsAmong(files: readonly string[]): number[] {
  return files
    .flatMap((file) => MANIFEST.exec(file)?.[1] ?? [])
    .map(Number)
    .toSorted((one, other) => other - one);
}

/** The file of a spool. */
export function spoolName(name: string): string {
  return `${name}${SPOOL}`;
}

/** The file of a spool's rows. */
export function archiveName(name: string): string {
  return `${name}${ARCHIVE}`;
}

export function isArchiveFile(file: string): boolean {
  return file.endsWith(ARCHIVE);
}

function isSpoolFile(file: string): boolean {
  return file.endsWith(SPOOL);
}

/** The name of the spool whose rows a file has. */
export function archivedSpool(file: string): string {
  return file.slice(0, -ARCHIVE.length);
}

/** The names of the spools among files, oldest first. */
export function spoolsAmong(files: readonly string[]): string[] {
  return files
    .filter(isSpoolFile)
    .map((file) => file.slice(0, -SPOOL.length))
    .toSorted();
}
