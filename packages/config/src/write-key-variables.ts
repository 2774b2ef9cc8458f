import { readFileSync } from 'node:fs';
import { readYaml } from './read-yaml.js';

const VARIABLE = /^\$\{(\w+)\}$/;

/**
 * The variables that the sources of a file take their write keys from, in their order.
 * @returns SEGMENT_WRITE_KEY where the file cannot be read, or none says so
 */
export function writeKeyVariables(file: string): string[] {
  const names = readSources(file).flatMap(({ writeKey }) => VARIABLE.exec(String(writeKey))?.[1] ?? []);
  return names.length > 0 ? [...new Set(names)] : ['SEGMENT_WRITE_KEY'];
}

function readSources(file: string): { writeKey?: unknown }[] {
  try {
    const yaml = readYaml(readFileSync(file, 'utf8'));
    const { sources } = (yaml.ok ? yaml.data : {}) as { sources?: unknown };
    return Array.isArray(sources) ? sources.map((source) => source ?? {}) : [];
  } catch {
    return [];
  }
}
