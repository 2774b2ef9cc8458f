import type { DestinationType, Draft, DraftRule, DraftSource, Field, Plain } from '@meterbridge/config-draft';
import { distinct, KINDS, quoteFql, slug } from '@meterbridge/config-draft';

/** What a person was asked. The defaults are the configuration that comes with this repository, nearly. */
export type Answers = {
  destinations: readonly DestinationType[];
  lagoUrl: string;
  sources: readonly DraftSource[];
  usage: readonly Usage[];
  /** Paths to the external id of the Lago subscription, in order of preference; or Lago is asked for it. */
  subscription: readonly string[] | 'lookup';
  /** Paths to Hyperline's customer. */
  customer: readonly string[];
};

/** One kind of event that is billed. */
export type Usage = {
  /** The track event's name; null: every track event. */
  event: string | null;
  /** The path of the quantity; null: each event counts as one. */
  quantity: string | null;
  /** The code of Lago's billable metric; null: the event's name. */
  code: string | null;
};

/** The source of a configuration that nobody was asked about. */
export const STANDARD_SOURCE: DraftSource = { name: 'backend', writeKeyVariable: 'SEGMENT_WRITE_KEY' };

export const ABOUT = [
  'yaml-language-server: $schema=./meterbridge.schema.json',
  '',
  'What comes in, where usage goes, and how one becomes the other. `meterbridge check` says whether it is right.',
  'Keys come from the environment, by the name of a variable: none stands here, and none should.',
];

/** The configuration that somebody's answers describe. */
export function draftFromAnswers(answers: Answers): Draft {
  const names = distinct(answers.usage.map(({ event }) => slug(event ?? 'usage')));
  return {
    about: ABOUT,
    sources: answers.sources,
    destinations: answers.destinations.map((type) => ({
      type,
      url: type === 'lago' ? answers.lagoUrl : KINDS[type].url,
      rules: answers.usage.map((usage, index) => [
        { key: 'name', value: names[index]! },
        ...(type === 'lago'
          ? lagoFields(usage, answers.subscription, index === 0)
          : hyperlineFields(usage, answers.customer, index === 0)),
      ]),
    })),
  };
}

function lagoFields(usage: Usage, subscription: Answers['subscription'], isFirst: boolean): DraftRule {
  const fields = [whenField(usage, isFirst)];
  if (usage.code !== null) {
    fields.push({ key: 'code', value: usage.code, ...onlyFirst(isFirst, { beside: 'the billable metric' }) });
  }
  const isLookup = subscription === 'lookup';
  const about = isLookup
    ? 'Lago is asked for the subscription of the customer, [context.groupId, userId] unless `customer` says another.'
    : 'The first that is not null becomes the external_subscription_id.';
  fields.push({
    key: 'subscription',
    value: isLookup ? { lookup: 'customer' } : oneOrMany(subscription),
    ...onlyFirst(isFirst, { above: [about] }),
  });
  const quantity = quantityOf(usage);
  if (quantity) {
    fields.push({
      key: 'properties',
      value: quantity,
      ...onlyFirst(isFirst, {
        above: [
          'What is named here must be in the event, or it is a dead letter: Lago would sum it as nothing.',
        ],
      }),
    });
  }
  return fields;
}

function hyperlineFields(usage: Usage, customer: readonly string[], isFirst: boolean): DraftRule {
  return [
    whenField(usage, isFirst),
    { key: 'customer', value: oneOrMany(customer) },
    { key: 'eventType', value: 'event' },
    {
      key: 'record',
      value: { '*': 'properties', ...quantityOf(usage) },
      ...onlyFirst(isFirst, { beside: 'every flat property; id is the messageId' }),
    },
  ];
}

function whenField({ event }: Usage, isFirst: boolean): Field {
  return {
    key: 'when',
    value: event === null ? 'type = "track"' : `type = "track" and event = ${quoteFql(event)}`,
    ...onlyFirst(isFirst, { beside: "FQL, Segment's filter language" }),
  };
}

function quantityOf({ quantity }: Usage): { [name: string]: Plain } | null {
  if (quantity === null) return null;
  const name = quantity
    .split(/(?<!\\)\./)
    .at(-1)!
    .replace(/\\(.)/g, '$1');
  return { [name]: { path: quantity, as: 'number' } };
}

function oneOrMany(paths: readonly string[]): Plain {
  return paths.length === 1 ? paths[0]! : paths;
}

/** What explains a field is said once. */
function onlyFirst(isFirst: boolean, comment: Partial<Field>): Partial<Field> {
  return isFirst ? comment : {};
}
