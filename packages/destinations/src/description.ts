/**
 * What is known of a billing API beside how to talk to it: for people, for configurations that are drafted, and for
 * previews of what a rule sends. Plain data, but for the rule that a person's answers make.
 */
export type KindDescription = {
  /** The word in the configuration file. */
  type: string;
  /** The API's name, for people. */
  title: string;
  /** The environment variables that a drafted configuration names, and `meterbridge up` reads. */
  env: { url: string; apiKey: string };
  /** Settings where the file says nothing. */
  defaults: {
    /** Without the path that is added. */
    url: string;
    limit: { requestsPerSecond: number; concurrency: number; batchSize: number };
  };
  /** Comments of a drafted configuration. */
  about: { url: string; limit: string };
  /** The rule's fields that say who is billed, and for what; both are among `sent.values`. */
  billed: { who: string; what: string };
  /** A usage event may replace an earlier one: many deliveries can be one thing with a state at the API. */
  hasEntities: boolean;
  sent: SentFields;
  draft: RuleDraft;
};

/** Where each value of a rule stands in the rule, and in the body of a usage event. */
export type SentFields = {
  /** Fields that hold one value, in the order in which they are mapped; by name, the keys from the body's root. */
  values: Readonly<Record<string, readonly string[]>>;
  /** The field that holds a set of values by their names, and the keys of the object in which they are sent. */
  set: { field: string; target: readonly string[] };
};

/** What a person is asked for a first rule, and the rule that the answers make. */
export type RuleDraft = {
  /** URLs beside the default one, in words. Left out where one serves all accounts: it is not asked for. */
  otherUrls?: string;
  /** What a kind of usage is called at the API, in words. Left out where the event's name is as good as any. */
  metric?: string;
  who: {
    /** The id that says who is billed, in words. */
    id: string;
    /** Paths to it that suit most, as they would be answered. */
    paths: string;
    /** The API can be asked for it by the customer. */
    canBeLookedUp?: true;
  };
  /** The rule's fields in their order, without its name and its filter. */
  fields(usage: DraftUsage): DraftField[];
};

/** One kind of usage, as a person has described it. */
export type DraftUsage = {
  /** What it is called at the API; null: as the event. */
  metric: string | null;
  /** Path to who is billed, or several in order of preference; null: the API is asked. */
  who: DraftValue;
  /** The quantity by the name of its property; null: each event counts as one. */
  quantity: { [name: string]: DraftValue } | null;
};

/** One key of a rule in YAML, with comments above it and behind it. */
export type DraftField = {
  key: string;
  value: DraftValue;
  above?: readonly string[];
  beside?: string;
};

export type DraftValue =
  | string
  | number
  | boolean
  | null
  | readonly DraftValue[]
  | { readonly [key: string]: DraftValue };

/** What a kind says of rules once the API has been asked. `about`: what it speaks of; left out: the destination as such. */
export type KindFinding = { level: 'ok' | 'warn' | 'fail'; about?: string; detail: string };
