import { type DestinationType, kindOf } from '@meterbridge/destinations';
import type { Field } from './commented-yaml.js';
import { writeYaml } from './commented-yaml.js';

/** A configuration that is about to be written. Of secrets it knows the names of variables, nothing else. */
export type Draft = {
  /** Comment lines at the top. */
  about: readonly string[];
  sources: readonly DraftSource[];
  destinations: readonly DraftDestination[];
  /** What has to be done before the file may be used: it does not load as long as one of these stands in it. */
  unfinished?: readonly string[];
};

export type DraftSource = {
  name: string;
  writeKeyVariable: string;
  /** False where nothing is to be dropped of its events. */
  isPrivate?: boolean;
};

/** What nobody bills by, and what says where somebody is. */
export const DROPPED = ['context.ip', 'context.userAgent'];

export type DraftDestination = { type: DestinationType; url: string; rules: readonly DraftRule[] };

/** The fields of a rule in their order, `name` first. */
export type DraftRule = readonly Field[];

export const WEBHOOK_VARIABLE = 'SEGMENT_WEBHOOK_SECRET';
export const FUNCTION_VARIABLE = 'SEGMENT_FUNCTION_SECRET';
export const PRIVACY_KEY_VARIABLE = 'METERBRIDGE_PRIVACY_KEY';

const SECRETS: Field[] = [
  { key: 'webhookSecret', value: `\${${WEBHOOK_VARIABLE}:-}`, beside: 'empty: no webhooks' },
  {
    key: 'functionSecret',
    value: `\${${FUNCTION_VARIABLE}:-}`,
    beside: 'empty: no Segment Function (docs/segment-function.md)',
  },
];

/** The text of a configuration file. */
export function writeDraft({ about, sources, destinations, unfinished = [] }: Draft): string {
  const fields: Field[] = [
    ...(unfinished.length > 0 ? [unfinishedField(unfinished)] : []),
    { key: 'sources', value: { items: sources.map(sourceFields) } },
    {
      key: 'privacyKey',
      value: `\${${PRIVACY_KEY_VARIABLE}:-}`,
      beside: 'what `hash` in a privacy hashes with; empty: no hash',
    },
    { key: 'destinations', value: { items: destinations.map(destinationFields) } },
  ];
  const [first, ...others] = fields.map((field) => writeYaml([field]));
  const head = about.map((line) => `# ${line}`.trimEnd()).join('\n');
  return [`${head}\n`, first, ...others].join('\n');
}

/** No key that a configuration knows, and so one that keeps it from loading. */
function unfinishedField(lines: readonly string[]): Field {
  return {
    key: 'unfinished',
    value: { items: lines.map((line) => [{ key: 'todo', value: line }]) },
    above: ['Not translated. Take this out once each of it is taken care of: the file does not load before.'],
  };
}

/** The variables without which nothing starts. */
export function neededVariables({ sources, destinations }: Draft): string[] {
  const keys = destinations.map(({ type }) => kindOf(type).env.apiKey);
  return [...sources.map(({ writeKeyVariable }) => writeKeyVariable), ...keys];
}

/** Every variable that the file names, in its order: what the sources need, then what the destinations need. */
export function variablesOf({ sources, destinations }: Draft): string[] {
  const names = [
    ...sources.map(({ writeKeyVariable }) => writeKeyVariable),
    WEBHOOK_VARIABLE,
    FUNCTION_VARIABLE,
    PRIVACY_KEY_VARIABLE,
    ...destinations.flatMap(({ type }) => [kindOf(type).env.url, kindOf(type).env.apiKey]),
  ];
  return [...new Set(names)];
}

/** By their variables: the addresses that are not the API's usual one. */
export function ownAddresses({ destinations }: Pick<Draft, 'destinations'>): Map<string, string> {
  const own = destinations.filter(({ type, url }) => url !== kindOf(type).defaults.url);
  return new Map(own.map(({ type, url }) => [kindOf(type).env.url, url]));
}

const ABOVE_SECOND = [
  'A write key in a browser or an app is public: a rule that must not believe it names the others, as in',
  '`sources: [backend]` beside its name.',
];

function sourceFields({ name, writeKeyVariable, isPrivate = true }: DraftSource, index: number): Field[] {
  const fields: Field[] = [
    {
      key: 'name',
      value: name,
      beside: `webhooks arrive at /webhooks/segment/${name}`,
      above: index === 1 ? ABOVE_SECOND : [],
    },
    { key: 'writeKey', value: `\${${writeKeyVariable}}`, beside: 'what your clients send with' },
  ];
  // One secret for two sources would let the one speak for the other.
  if (index === 0) fields.push(...SECRETS);
  if (isPrivate) {
    fields.push({
      key: 'privacy',
      value: { drop: DROPPED },
      above: ['Taken out before anything is stored: it is in no queue, dead letter or log.'],
    });
  }
  return fields;
}

function destinationFields({ type, url, rules }: DraftDestination): Field[] {
  const { env, about, defaults } = kindOf(type);
  return [
    { key: 'name', value: type, beside: 'stands in Redis keys and metrics: keep it' },
    { key: 'type', value: type },
    { key: 'url', value: `\${${env.url}:-${url}}`, beside: about.url },
    { key: 'apiKey', value: `\${${env.apiKey}}` },
    { key: 'limit', value: defaults.limit, above: [about.limit] },
    { key: 'rules', value: { items: rules } },
  ];
}
