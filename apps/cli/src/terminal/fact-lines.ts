import { visible } from './visible.js';

/** What is known of something, a line each, the names in one column; what has no value is left out. */
export function factLines(facts: readonly (readonly [name: string, value: unknown])[]): string[] {
  const said = facts.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(...said.map(([name]) => name.length)) + 2;
  return said.map(([name, value]) => `${`${name}:`.padEnd(width)}${visible(String(value))}`);
}
