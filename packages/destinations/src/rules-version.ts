import { hash } from 'node:crypto';
import { formatToWrite, newerFormat } from '@meterbridge/delivery';
import { type DestinationType, destinationTypes } from './descriptions.js';
import type { Destination } from './destination.js';
import { type DestinationSettings, kindOf } from './kinds.js';

/**
 * Raised whenever the same rules would write other bytes for the same event: what was sent before could not be
 * written again. A test holds bytes against the version that they were written under.
 */
export const MAPPING_REVISION = 1;

/** A destination's rules as they map, and the name that stands for exactly these. */
export type RulesVersion = {
  /** 22 characters. */
  version: string;
  /** JSON, without any key or URL: what `compileVersion` reads. */
  text: string;
};

/** What a version says. */
export type KeptRules = {
  revision: number;
  type: DestinationType;
  rules: DestinationSettings['rules'];
  /** Of the rules, where it is not the first: a newer version's rules say what this one would not understand. */
  format?: number;
};

/** Which events a rule takes changes nothing of what is written for one. */
const ROUTING = new Set(['when', 'sources']);

/** Pure: the same rules in the same order, the same version, whoever reads them. Their order is that of what is written. */
export function rulesVersion({ type, rules }: DestinationSettings): RulesVersion {
  const mapping = rules.map((rule) =>
    Object.fromEntries(Object.entries(rule).filter(([field]) => !ROUTING.has(field))),
  );
  const kept = { revision: MAPPING_REVISION, type, rules: mapping, format: formatToWrite('rules') };
  const text = JSON.stringify(kept);
  return { version: hash('sha256', text, 'base64url').slice(0, 22), text };
}

/** The format of a version that a newer program wrote; undefined for one that may be read here, or is damaged. */
export function newerRules(text: string): number | undefined {
  try {
    return newerFormat('rules', readVersion(text).format);
  } catch {
    return undefined;
  }
}

/**
 * @returns null for a text that this program cannot map by: it is of another revision of the mapping, of a newer
 *   program, or damaged
 */
export function compileVersion(text: string): Destination['map'] | null {
  try {
    const { type, rules, ...kept } = readVersion(text);
    return isOfHere(kept) ? kindOf(type).compileRules(rules) : null;
  } catch {
    return null;
  }
}

/**
 * Which API's rules a version has.
 * @returns undefined for a text that is damaged, or of an API that is not known here
 */
export function typeOfVersion(text: string): DestinationType | undefined {
  try {
    const { type } = readVersion(text);
    return destinationTypes.find((each) => each === type);
  } catch {
    return undefined;
  }
}

/**
 * A destination with the rules of a version in the place of its own; which events they take, a version does not say.
 * @returns null for a text that this program cannot map by: it is of another revision or API, or damaged
 */
export function settingsOfVersion(settings: DestinationSettings, text: string): DestinationSettings | null {
  try {
    const { type, rules, ...kept } = readVersion(text);
    const isReadable = isOfHere(kept) && type === settings.type;
    return isReadable ? ({ ...settings, rules } as DestinationSettings) : null;
  } catch {
    return null;
  }
}

/** The rules of a version; null for a text that this program cannot map by. */
export function rulesOfVersion(text: string): DestinationSettings['rules'] | null {
  try {
    const { rules, ...kept } = readVersion(text);
    return isOfHere(kept) ? rules : null;
  } catch {
    return null;
  }
}

function isOfHere({ revision, format }: Pick<KeptRules, 'revision' | 'format'>): boolean {
  return revision === MAPPING_REVISION && newerFormat('rules', format) === undefined;
}

/**
 * What kept versions made of an event, by the rule's name: each way once, however many versions have it. Versions that
 * this program cannot map by are left out.
 */
export function compileEarlierRules(texts: Iterable<string>): Map<string, Destination['map'][]> {
  const textsByRule = new Map<string, Set<string>>();
  for (const text of texts) {
    for (const [name, alone] of splitByRule(text)) {
      textsByRule.set(name, (textsByRule.get(name) ?? new Set()).add(alone));
    }
  }
  const compileAll = (alone: Iterable<string>) => [...alone].flatMap((text) => compileVersion(text) ?? []);
  return new Map([...textsByRule].map(([name, alone]) => [name, compileAll(alone)]));
}

/** A version's rules by name, each as a version that has it alone. */
function splitByRule(text: string): [name: string, text: string][] {
  try {
    const kept = readVersion(text);
    return (kept.rules as { name: string }[]).map((rule) => [
      rule.name,
      JSON.stringify({ ...kept, rules: [rule] }),
    ]);
  } catch {
    return [];
  }
}

/** @throws SyntaxError for a damaged text */
export function readVersion(text: string): KeptRules {
  return JSON.parse(text) as KeptRules;
}
