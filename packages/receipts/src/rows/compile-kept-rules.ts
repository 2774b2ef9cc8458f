import { NewerFormatError } from '@meterbridge/delivery';
import {
  compileVersion,
  type Destination,
  kindOf,
  newerRules,
  type SentUsage,
  typeOfVersion,
} from '@meterbridge/destinations';

/** A version of the rules, as far as receipts need it. */
export type KeptRules = {
  /** Of its destination. */
  type: string;
  map: Destination['map'];
  readUsage(body: string): SentUsage;
};

/** Undefined for a version that is not kept, or that this program cannot map by. */
export type RulesOf = (version: string) => KeptRules | undefined;

/**
 * Pure: each version is compiled once.
 * @param textOf a version's text; undefined where it is not kept
 * @returns throws NewerFormatError for what a newer program wrote: it is kept, and would be left out for ever
 */
export function compileKeptRules(textOf: (version: string) => string | undefined): RulesOf {
  const compiled = new Map<string, KeptRules | undefined>();
  return (version) => {
    if (!compiled.has(version)) compiled.set(version, compile(textOf(version)));
    return compiled.get(version);
  };
}

function compile(text: string | undefined): KeptRules | undefined {
  if (text === undefined) return undefined;
  const newer = newerRules(text);
  if (newer !== undefined) throw new NewerFormatError('rules', newer);
  const map = compileVersion(text);
  const type = typeOfVersion(text);
  return map === null || type === undefined ? undefined : { type, map, readUsage: kindOf(type).readUsage };
}
