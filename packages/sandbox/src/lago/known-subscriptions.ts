import type { Life } from './billing-period.js';
import type { LagoOptions, LagoSubscription } from './options.js';

const LONG_AGO = '2020-01-01T00:00:00Z';
const DEFAULT_PLAN = 'sandbox';

/** A subscription of the options as it is at a time, with what they leave out. */
export type KnownSubscription = LagoSubscription &
  Required<Pick<LagoSubscription, 'external_customer_id' | 'plan_code' | 'status' | 'started_at'>> & {
    life: Life;
  };

/**
 * The subscriptions of the options, and what became of them since. The options are read anew for each request: a
 * holder of the list may assign a customer another one.
 */
export class KnownSubscriptions {
  readonly #options: LagoOptions;
  /** By the subscription's key. */
  readonly #changes = new Map<string, Partial<LagoSubscription>>();
  #added: LagoSubscription[] = [];
  /** `untilMs`: when the next planned end comes. */
  #completed: { from: LagoSubscription[]; untilMs: number; known: KnownSubscription[] } = {
    from: [],
    untilMs: -Infinity,
    known: [],
  };
  #indexed = { count: 0, byId: new Map<string, LagoSubscription[]>() };

  constructor(options: LagoOptions) {
    this.#options = options;
  }

  /** False where any subscription is as good as a known one. */
  get areGiven(): boolean {
    return this.#options.knownSubscriptions !== undefined;
  }

  /** In the order they were made. The same list as before while nothing has changed: it is asked for every request. */
  at(nowMs: number): readonly KnownSubscription[] {
    const list = this.#list();
    const { from, untilMs, known } = this.#completed;
    const isSame = list.length === from.length && list.every((given, i) => isEqual(given, from[i]!));
    if (isSame && nowMs < untilMs) return known;
    const ends = list.map(({ ending_at: endingAt }) =>
      endingAt === undefined ? Infinity : Date.parse(endingAt),
    );
    this.#completed = {
      from: list.map((given) => ({ ...given })),
      untilMs: Math.min(Infinity, ...ends.filter((endMs) => endMs > nowMs)),
      known: list.map((given) => complete(given, nowMs)),
    };
    return this.#completed.known;
  }

  /** When a subscription of this id lived, each stretch after an upgrade by itself. Asked for every event. */
  livesOf(externalId: string): Life[] {
    return (this.#index().get(externalId) ?? []).map((given) => lifeOf(this.#withChanges(given)));
  }

  /** The plan of each, some of them more than once. */
  planCodes(): string[] {
    return this.#list().map(({ plan_code = DEFAULT_PLAN }) => plan_code);
  }

  /** Ends the active one of an id at this moment; undefined where there is none. */
  end(externalId: string, nowMs: number): KnownSubscription | undefined {
    const active = this.#findActive(externalId, nowMs);
    if (active === undefined) return undefined;
    const change = { status: 'terminated' as const, terminated_at: toIso(nowMs) };
    this.#change(active, change);
    return complete({ ...active, ...change }, nowMs);
  }

  /** Moves the active one of an id to another plan at this moment: it ends, and one of the same id begins. */
  upgrade(externalId: string, planCode: string, nowMs: number): boolean {
    const active = this.#findActive(externalId, nowMs);
    if (active === undefined) return false;
    this.#change(active, {
      status: 'terminated',
      // No moment belongs to both.
      terminated_at: toIso(nowMs - 1),
      next_plan_code: planCode,
    });
    this.#added.push({
      external_id: externalId,
      external_customer_id: active.external_customer_id,
      plan_code: planCode,
      status: 'active',
      started_at: toIso(nowMs),
      subscription_at: active.subscription_at ?? active.started_at,
      previous_plan_code: active.plan_code,
    });
    return true;
  }

  /** Forgets every change; the options' list is left as it is. */
  reset(): void {
    this.#changes.clear();
    this.#added = [];
    this.#indexed = { count: 0, byId: new Map() };
  }

  #list(): LagoSubscription[] {
    return this.#given().map((given) => this.#withChanges(given));
  }

  #given(): LagoSubscription[] {
    return [...(this.#options.knownSubscriptions ?? []), ...this.#added].map((known) =>
      typeof known === 'string' ? { external_id: known } : known,
    );
  }

  #withChanges(given: LagoSubscription): LagoSubscription {
    return this.#changes.size === 0 ? given : { ...given, ...this.#changes.get(keyOf(given)) };
  }

  /** Built anew when one was added. */
  #index(): Map<string, LagoSubscription[]> {
    const count = (this.#options.knownSubscriptions?.length ?? 0) + this.#added.length;
    if (count !== this.#indexed.count) {
      const byId = new Map<string, LagoSubscription[]>();
      for (const given of this.#given())
        byId.set(given.external_id, [...(byId.get(given.external_id) ?? []), given]);
      this.#indexed = { count, byId };
    }
    return this.#indexed.byId;
  }

  #findActive(externalId: string, nowMs: number): KnownSubscription | undefined {
    return this.at(nowMs).find((item) => item.external_id === externalId && item.status === 'active');
  }

  #change(subscription: LagoSubscription, change: Partial<LagoSubscription>): void {
    const key = keyOf(subscription);
    this.#changes.set(key, { ...this.#changes.get(key), ...change });
  }
}

/** An upgraded one shares its id with the one before: the beginning tells them apart. */
export function keyOf({
  external_id: externalId,
  started_at: startedAt = LONG_AGO,
}: LagoSubscription): string {
  return `${Date.parse(startedAt)} ${externalId}`;
}

function isEqual(one: LagoSubscription, other: LagoSubscription): boolean {
  const names = Object.keys(one) as (keyof LagoSubscription)[];
  return names.every((name) => one[name] === other[name]) && names.length === Object.keys(other).length;
}

function complete(given: LagoSubscription, nowMs: number): KnownSubscription {
  const { ending_at: endingAt } = given;
  const hasReachedEnd = endingAt !== undefined && Date.parse(endingAt) <= nowMs;
  return {
    ...given,
    external_customer_id: given.external_customer_id ?? given.external_id,
    plan_code: given.plan_code ?? DEFAULT_PLAN,
    status: hasReachedEnd ? 'terminated' : (given.status ?? 'active'),
    started_at: given.started_at ?? LONG_AGO,
    terminated_at: given.terminated_at ?? (hasReachedEnd ? endingAt : undefined),
    life: lifeOf(given),
  };
}

/** A planned end is an end, as soon as it is planned: no event after it is billed. */
function lifeOf(given: LagoSubscription): Life {
  const ended = given.terminated_at ?? given.ending_at;
  return {
    startedMs: Date.parse(given.started_at ?? LONG_AGO),
    endedMs: ended === undefined ? undefined : Date.parse(ended),
  };
}

function toIso(ms: number): string {
  return new Date(ms).toISOString();
}
