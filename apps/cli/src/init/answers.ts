import { type Draft, type DraftSource, distinct, quoteFql, slug } from '@meterbridge/config-draft';
import {
  type DestinationType,
  type DraftField,
  type DraftUsage,
  type DraftValue,
  kindOf,
} from '@meterbridge/destinations';

/** What a person was asked. The defaults are the configuration that comes with this repository, nearly. */
export type Answers = {
  destinations: readonly AnsweredDestination[];
  sources: readonly DraftSource[];
  usage: readonly Usage[];
};

export type AnsweredDestination = {
  type: DestinationType;
  url: string;
  /** Paths to who is billed, in order of preference; or the API is asked for it. */
  who: readonly string[] | 'lookup';
};

/** One kind of event that is billed. */
export type Usage = {
  /** The track event's name; null: every track event. */
  event: string | null;
  /** The path of the quantity; null: each event counts as one. */
  quantity: string | null;
  /** What the APIs that were asked about call it; null: the event's name. */
  metrics: Partial<Record<DestinationType, string | null>>;
};

/** The source of a configuration that nobody was asked about. */
export const STANDARD_SOURCE: DraftSource = { name: 'backend', writeKeyVariable: 'SEGMENT_WRITE_KEY' };

/** Beside the configuration. */
export const SCHEMA_FILE = 'meterbridge.schema.json';

export const ABOUT = [
  `yaml-language-server: $schema=./${SCHEMA_FILE}`,
  '',
  'What comes in, where usage goes, and how one becomes the other. `meterbridge check` says whether it is right.',
  'Keys come from the environment, by the name of a variable: none stands here, and none should.',
];

/** The configuration that a person's answers describe. */
export function draftFromAnswers({ destinations, sources, usage }: Answers): Draft {
  const names = distinct(usage.map(({ event }) => slug(event ?? 'usage')));
  return {
    about: ABOUT,
    sources,
    destinations: destinations.map(({ type, url, who }) => ({
      type,
      url,
      rules: usage.map((each, index) => {
        const fields = [whenField(each), ...kindOf(type).draft.fields(draftUsage(each, type, who))];
        // What explains a field is said once.
        const said = index === 0 ? fields : fields.map(({ key, value }) => ({ key, value }));
        return [{ key: 'name', value: names[index]! }, ...said];
      }),
    })),
  };
}

function draftUsage(usage: Usage, type: DestinationType, who: AnsweredDestination['who']): DraftUsage {
  return {
    metric: usage.metrics[type] ?? null,
    who: who === 'lookup' ? null : pathOrPaths(who),
    quantity: quantityOf(usage),
  };
}

function whenField({ event }: Usage): DraftField {
  return {
    key: 'when',
    value: event === null ? 'type = "track"' : `type = "track" and event = ${quoteFql(event)}`,
    beside: "FQL, Segment's filter language",
  };
}

function quantityOf({ quantity }: Usage): DraftUsage['quantity'] {
  if (quantity === null) return null;
  const name = quantity
    .split(/(?<!\\)\./)
    .at(-1)!
    .replace(/\\(.)/g, '$1');
  return { [name]: { path: quantity, as: 'number' } };
}

function pathOrPaths(paths: readonly string[]): DraftValue {
  return paths.length === 1 ? paths[0]! : paths;
}
