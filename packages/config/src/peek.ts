import { readFileSync } from 'node:fs';
import { readYaml } from './read-yaml.js';

/*
 * What a file says of some keys, for who makes up what it leaves to the environment. It is not checked: a file that
 * cannot be read, or is wrong, says nothing here, and is refused where it is loaded.
 */

const VARIABLE = /^\$\{(\w+)\}$/;

/**
 * The variables that the sources of a file take their write keys from, in their order.
 * @returns SEGMENT_WRITE_KEY where none says so
 */
export function writeKeyVariables(file: string): string[] {
  const { sources } = peek(file);
  const all: { writeKey?: unknown }[] = Array.isArray(sources) ? sources.map((source) => source ?? {}) : [];
  const names = all.flatMap(({ writeKey }) => VARIABLE.exec(String(writeKey))?.[1] ?? []);
  return names.length > 0 ? [...new Set(names)] : ['SEGMENT_WRITE_KEY'];
}

/** Whether a file itself says where receipts are kept, or that none are. */
export function saysReceipts(file: string): boolean {
  const { receipts } = peek(file);
  return receipts === false || (receipts as { directory?: unknown } | undefined)?.directory !== undefined;
}

function peek(file: string): { sources?: unknown; receipts?: unknown } {
  try {
    const yaml = readYaml(readFileSync(file, 'utf8'));
    return (yaml.ok && (yaml.data as object | null)) || {};
  } catch {
    return {};
  }
}
