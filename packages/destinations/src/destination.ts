import type { LateFate, LateUsage, UsageEvent, Verdict } from '@meterbridge/delivery';
import type { SegmentEvent } from '@meterbridge/segment-events';
import type { EventValue, MappingFailure } from '@meterbridge/usage-mapping';
import type * as z from 'zod';
import type { KindDescription, KindFinding } from './description.js';
import type { HttpAnswer } from './http-answer.js';
import type { HttpClient } from './http-client.js';
import type { RequestRate } from './settings.js';

/** Where and how to reach a billing API. `headers` hold the key, and `proxyUrl` its user's password: never log them. */
export type Connection = {
  baseUrl: string;
  headers: Record<string, string>;
  timeoutMs: number;
  /** Straight where left out. */
  proxyUrl?: string;
};

/**
 * A usage event that lacks its subscription, which the event does not name: the destination has to be asked
 * for the one that the customer had at the event's time.
 */
export type PendingUsage = {
  customer: string;
  /** The event's own time, epoch milliseconds. */
  at: number;
  /** Names one where the customer had several then. */
  prefer?: Preference;
  complete(subscription: string): UsageEvent;
};

/** Which of several subscriptions takes an event: one of a plan, the first that fits, or the one of this id. */
export type Preference = { plans?: readonly string[]; subscription?: string };

export type MappedUsage =
  | { ok: true; usage: UsageEvent; pending?: undefined }
  | { ok: true; usage?: undefined; pending: PendingUsage }
  | { ok: false; code: 'unmapped' | 'unknown_rule'; failure: MappingFailure };

/** One POST with events, as it is sent: the same events, the same request. */
export type ApiRequest = { path: string; body: string } & RequestHead;

/** What a request says of its body. */
export type RequestHead = {
  /** `application/json` where left out. */
  contentType?: string;
  /** Beside those of the connection; by name in lower case. */
  headers?: Readonly<Record<string, string>>;
};

/** One configured destination, compiled: everything about its API that is not input or output. */
export type Destination = {
  name: string;
  type: string;
  /** Events in one request, at most. */
  batchSize: number;
  /** Bytes in one request's body, at most. */
  maxBytes: number;
  /**
   * The billing account's budgets, for events and for what is asked beside them, shared by all workers; and the
   * requests with events that one worker has open at once.
   */
  limit: { requestsPerSecond: RequestRate; readsPerSecond: RequestRate; concurrency: number };
  connection: Connection;
  /** Left out where no rule has subscriptions looked up. */
  subscriptions?: SubscriptionLookup;
  /** Left out where an API bills whatever it takes, or does not say what it bills. */
  billing?: BillingLookup;
  /** Writes one event for the API under the named rule. Deterministic: the same event, the same bytes. */
  map(rule: string, event: SegmentEvent): MappedUsage;
  /** Where a request with so many events goes. */
  path(events: number): string;
  /** Joins frozen bodies to one request. At least one; one `recordIdentity` at most once, and one `kind` only (see `UsageEvent`). */
  request(usages: readonly UsageEvent[]): ApiRequest;
  /**
   * Reads what the answer to `request(sent)` means for each event of it.
   * @param now epoch milliseconds, for limits that are told as a date
   */
  classify(answer: HttpAnswer, sent: readonly UsageEvent[], now: number): Verdict;
  /**
   * A request that holds no event and stores nothing. What stands before the API lets it pass, or not, as it does an
   * event, and the API answers it in its own words. Left out where an API has none.
   */
  control?: ApiRequest & { isAnswered(answer: HttpAnswer): boolean };
  /** Of one event's body, in bytes, as a rule of thumb: more than that the API may fail to store. */
  storableBytes?: number;
};

/** How an API is asked for a customer's subscriptions, page by page. Pure. */
export type SubscriptionLookup = {
  /** @param page from 1 */
  path(customer: string, page: number): string;
  /**
   * Reads what the answer to `path(customer)` means.
   * @param now epoch milliseconds, for limits that are told as a date
   */
  classify(answer: HttpAnswer, customer: string, now: number): SubscriptionsVerdict;
  /**
   * The subscription that takes an event of this time, and whether it is billed there.
   * @param at epoch milliseconds
   */
  choose(periods: readonly Period[], at: number, prefer?: Preference): ChosenSubscription;
  /**
   * Whether what was read has to be read again: a period that was open then is over by now.
   * @param now epoch milliseconds
   */
  isOutdated(periods: readonly Period[], now: number): boolean;
};

/** When a subscription takes usage, in epoch milliseconds, both ends included. */
export type Period = {
  subscription: string;
  from: number;
  to: number | null;
  /** Of the plan that it has, or had. */
  plan?: string;
  /** Left out where the API does not say what it bills. */
  billing?: BillingTimes;
};

/** When one row of a subscription lives and what of it is still to be billed, in epoch milliseconds. */
export type BillingTimes = {
  subscription: string;
  /** Its first moment; null while it is pending. */
  startedMs: number | null;
  /** Its last moment, at the latest; null while no end is known. A planned end counts. */
  endedMs: number | null;
  /** Over, and with it its last period: it is billed at once. */
  isEnded: boolean;
  /** Both ends of the period that is still to be billed; null where the API does not tell. */
  openFromMs: number | null;
  openToMs: number | null;
};

/** What becomes of an event by its own time: only an `open` one is sure to be on a bill. */
export type Fate = 'open' | 'unknown' | LateFate;

/** What an API says of the periods that it still bills, of one subscription. Pure. */
export type BillingLookup = {
  /** What becomes of usage that comes too late for its period. */
  late: 'send' | 'dead-letter';
  /** Where the rows of a subscription are asked for, one after the other until `read` finds some; none where no URL can hold its id. */
  paths(subscription: string): string[];
  /** The rows of an answer; none where it says that there is none, null where it says nothing. */
  read(answer: HttpAnswer): BillingTimes[] | null;
  /** @param at epoch milliseconds */
  fate(rows: readonly BillingTimes[], at: number): Fate;
  /** @param now epoch milliseconds */
  isOutdated(rows: readonly BillingTimes[], now: number): boolean;
  /** Why a dead letter died of its time, and what works. */
  describe(fate: LateFate): string;
  /** Whose usage a body is; cheap, since it is asked of all that is old. */
  subscriptionOf(body: string): string;
  /** Whose usage a body is, and of what. */
  usageOf(body: string): { subscription: string } & Pick<LateUsage, 'kind' | 'quantity'>;
};

/** What one page of a customer's subscriptions means. */
export type SubscriptionsVerdict =
  | { verdict: 'read'; periods: Period[]; isLast: boolean; waitMs?: number }
  | Extract<Verdict, { verdict: 'rate-limited' | 'transient' | 'hold' | 'refused' }>;

export type ChosenSubscription =
  | { ok: true; subscription: string; fate: Fate }
  | { ok: false; code: 'no_subscription' | 'several_subscriptions'; detail: string };

export type ConnectionCheck = { ready: true } | { ready: false; problem: string };

/**
 * What the API holds already of a usage event that would be sent: the same; another time or content under its key;
 * the same id under another code (Lago's metric, Hyperline's event type), or of another owner (Lago's subscription,
 * Hyperline's customer); nothing that stands in its way. `unasked`: nobody knows.
 */
export type Stored = 'same' | Doubt | 'nothing' | 'unasked';

/** What would be billed twice, or never, were it sent again. */
export type Doubt = 'other_content' | 'other_code' | 'other_owner';

/** A usage event that is asked for before it is sent. */
export type Asked = {
  /** The event's own: an id at the API that is another one stands for a thing with a state, not for the event. */
  messageId: string;
  /** The event's own time, ISO 8601. */
  timestamp: string;
  /** Kinds (see `UsageEvent`) that older rules would have written it as. */
  olderKinds?: readonly string[];
} & ({ usage: UsageEvent; pending?: undefined } | { usage?: undefined; pending: PendingUsage });

/** How an API is asked what it holds. Changes nothing there. */
export type StoredLookup = {
  /** Reads that are worth it for one call of `find`, where somebody waits for the answer. */
  reads: number;
  /** What follows from each doubt, as the end of a sentence: `<n> are there already <words>`. */
  words: Record<Doubt, string>;
  /** What a person can do about a doubt. */
  advice: Partial<Record<Doubt, string>>;
  /**
   * What the API holds of each, in order. What it was not asked before trouble, or before the reads were spent, is
   * `unasked`.
   * @param read asks the API for a path; null where no more may be asked
   * @param sample so many are asked for by their id as well, at whatever time; where one of them is found at a time that is
   *   not its own, all are
   */
  find(asked: readonly Asked[], read: Read, sample: number): Promise<{ stored: Stored[]; problem?: string }>;
};

/** Where an API keeps events, where it has more than one kind of place that bill differently. */
export type EventsStore = {
  /** The API's own word, one of few. */
  name: string;
  /** What that means for whoever sends events there. */
  follows: string;
};

export type ToldEventsStore = { told: true; store: EventsStore } | { told: false; problem: string };

/**
 * What an API holds under the key of a usage event that it called a duplicate. `nothing`: it knows the id and has no
 * event under it any more; `unknown`: it was not asked, or its answer does not say.
 */
export type Held = HeldEvent | { held: 'nothing' } | { held: 'unknown' };

export type HeldEvent = {
  held: 'event';
  /** JSON with the fields that are sent, and the API's values; numbers that a double cannot hold are strings. */
  body: string;
  subscription: string;
  /** The property that the API has computed itself, whatever was sent there. */
  computed?: string;
};

/** A usage event that its API called a duplicate. */
export type ToldDuplicate = {
  /** The rule it was sent under: where not all can be asked for, each rule has its share. */
  rule: string;
  /** What was sent. */
  body: string;
};

/** One request to a path, answered in any case. */
export type Get = (path: string) => Promise<HttpAnswer>;

/** How one asks. */
export type Asking = {
  /** One request, once the budget of reads allows it; null where it does not in time. */
  get: (path: string) => Promise<HttpAnswer | null>;
  /** Resolves once that an event is not there may be believed: it may have come a moment ago. */
  whenCertain: () => Promise<void>;
};

/** How an API that tells of duplicates is asked what it holds in their place. */
export type HeldLookup = {
  /**
   * Finds what is held for each, in as few requests as it can, the most useful ones first.
   * @param tell called once for each that was found or is known to be gone, by its index; all others are unknown
   */
  find(
    asking: Asking,
    duplicates: readonly ToldDuplicate[],
    tell: (index: number, held: Held) => void,
  ): Promise<void>;
  /** The names of the fields in which they differ by value; none where they are equal. */
  compare(sent: string, held: HeldEvent): string[];
};

/** One request, once the budget of reads allows it; null where no more may be made. */
export type Read = (path: string) => Promise<HttpAnswer | null>;

/** A usage event as an API's list shows it. */
export type ListedUsage = {
  /** The API's own name of this row: met on two pages, it is one. */
  row: string;
  usageId: string;
  /** Who is billed, as the API calls them. */
  owner: string;
  code: string;
  /** Epoch milliseconds. */
  at: number;
  /** JSON of the row, for `compare`. */
  body: string;
};

/** Usage of one code within a stretch of time; epoch milliseconds, both ends included. */
export type UsageFilter = { code: string; fromMs: number; toMs: number };

export type UsagePage = {
  rows: ListedUsage[];
  /** Of the whole list. */
  total: number;
  isLast: boolean;
};

/** What was read of an answer, or what is wrong with it, in words. */
export type Told<What> = { ok: true; told: What } | { ok: false; problem: string };

/**
 * How an API is asked for what it holds of a time, to hold it against the books. What it answers is believed only where
 * it is what was asked for. Pure, and changes nothing there.
 */
export type BooksLookup = {
  /** Usage events in a page, at most. */
  pageSize: number;
  /** Times that are shown may be off by this. */
  toleranceMs: number;
  /** Why this account cannot be asked, in words; null where it can. */
  findObstacle(get: Get): Promise<string | null>;
  countPath(filter: UsageFilter): string;
  readCount(answer: HttpAnswer, filter: UsageFilter): Told<number>;
  /** @param page from 1 */
  listPath(filter: UsageFilter, page: number): string;
  readList(answer: HttpAnswer, filter: UsageFilter, page: number): Told<UsagePage>;
  /** Where it answers for an id, whatever its time is; null where no path can hold the id. */
  idPath(code: string, usageId: string): string | null;
  readById(answer: HttpAnswer, code: string, usageId: string): Told<ListedUsage[]>;
  /** A function that names the fields in which usage that was sent differs from a row; null where nobody knows. */
  openCompare(get: Get): (sent: string, row: ListedUsage) => Promise<string[] | null>;
};

/** What a customer's usage of a subscription comes to, in the period that goes on. */
export type CurrentUsage = {
  /** The period, as the API says it. */
  from: string;
  to: string;
  lines: { code: string; units: string; events: number }[];
};

/** How an API is asked what it would bill now. Pure, and changes nothing there. */
export type CurrentUsageLookup = {
  /** Where it says whose a subscription is; null where no path can hold the id. */
  customerPath(subscription: string): string | null;
  /** Null where there is no such subscription now. */
  readCustomer(answer: HttpAnswer): Told<string | null>;
  usagePath(customer: string, subscription: string): string | null;
  /** Null where the subscription takes no usage now. */
  readUsage(answer: HttpAnswer): Told<CurrentUsage | null>;
  /** What a person has to know of it, as a sentence. */
  caveat: string;
};

/**
 * Two rules give one event one id; `where`: only an event that has this value there. `ofCustomers`: they give one id to
 * events of two customers, whichever events they take.
 */
export type SharedId = { where?: EventValue; ofCustomers?: true };

/** One of a destination's rules, as its schema accepts them. */
type RuleOf<Schema extends z.ZodType> = z.output<Schema> extends { rules: (infer Rule)[] } ? Rule : never;

/** How the ids come about that an API tells usage events apart by. Pure. */
export type RuleIdentity<Rule> = {
  /** What the API calls the id. */
  name: string;
  /** A text that stands for how a rule makes its ids: the same way, the same text. Holds no name of the rule. */
  of(rule: Rule): string;
  /** Null where two rules never give one event, or events of two customers, one id. */
  shared(a: Rule, b: Rule): SharedId | null;
  /** What to write in the rule of this name, so that its ids are its own. */
  remedy(rule: string): string;
};

/** A usage event that an API took and does not bill, as it says itself. */
export type ReportedFault = {
  /** Which fault, in the API's own word. */
  kind: string;
  /** What the API calls the usage event; empty where the report does not say. */
  usageId: string;
  /** In a sentence, what the API does with it. */
  detail: string;
};

/** What an API sends by itself to say which usage it does not bill. Pure. */
export type Webhooks = {
  /** Why a request is not believed, in words for its sender; null where its signature proves the body. */
  findDoubt(headers: WebhookHeaders, rawBody: Buffer): string | null;
  /** What a body reports that is proven. A webhook about other things reports nothing. */
  read(rawBody: Buffer): WebhookReading;
  /** Names a webhook: the same when it is sent again. Undefined where it has no name. */
  nameOf(headers: WebhookHeaders): string | undefined;
};

/** By name in lower case. */
export type WebhookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export type WebhookReading =
  | { ok: true; isReport: boolean; faults: ReportedFault[] }
  | { ok: false; problem: string };

/** What a usage event says of itself, once it is written for its API. */
export type SentUsage = {
  /** What it is called there. */
  usageId: string;
  /** Who is billed: a customer or a subscription, as the API has it. */
  owner: string;
  /** What it is billed as. */
  code: string;
  /** The event's own time, epoch milliseconds. */
  timestamp: number;
};

/** When an API takes two usage events for one, and which of them counts then. */
export type UsageIdentity = {
  /** Where all of these are the same, it is one usage event. */
  fields: readonly ('usageId' | 'owner' | 'code')[];
  /** The one that came first, or the one of the newest timestamp: of several such, the one that came first. */
  inEffect: 'first' | 'newest';
};

/** What a destination's folder exports: what is known of its API, its settings, and how they become a `Destination`. */
export type DestinationKind<Schema extends z.ZodType> = KindDescription & {
  /** Accepts only what `compile` can compile. */
  settingsSchema: Schema;
  compile(settings: z.output<Schema>): Destination;
  /** Only what maps: of rules that the schema has accepted, now or once. */
  compileRules(rules: RuleOf<Schema>[]): Destination['map'];
  identity: RuleIdentity<RuleOf<Schema>>;
  usageIdentity: UsageIdentity;
  /** Reads what a body says that `map` wrote, now or once. */
  readUsage(body: string): SentUsage;
  /** Asks the API whether URL and key are right. Stores nothing there. */
  checkConnection(http: Pick<HttpClient, 'get' | 'post'>): Promise<ConnectionCheck>;
  /** Left out where an API does not show the events that it holds: then nobody knows of any. */
  lookup?: StoredLookup;
  /** Asks the API in which store the account's events are. Left out where there is one kind only. Changes nothing there. */
  readEventsStore?(http: Pick<HttpClient, 'get'>): Promise<ToldEventsStore>;
  /** Left out where the API never tells of a duplicate. */
  held?: HeldLookup;
  /** Left out where an API does not count or list what it holds by time. */
  books?: BooksLookup;
  /** Left out where an API does not say what a subscription's usage comes to. */
  currentUsage?: CurrentUsageLookup;
  /** What proves and reads its webhooks: null where the settings have no key for them. Left out where it reports nothing. */
  openWebhooks?(settings: z.output<Schema>): Webhooks | null;
  /**
   * Holds rules against what the account has, each finding as soon as it is known. Left out where the API has nothing to
   * hold them against. Changes nothing there.
   */
  checkRules?(get: Get, settings: z.output<Schema>): AsyncIterable<KindFinding>;
};
