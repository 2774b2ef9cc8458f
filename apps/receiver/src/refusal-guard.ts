import {
  type connectProducer,
  every,
  type RefusalSnapshot,
  readRefusals,
  readRefusalVersion,
} from '@meterbridge/queue';
import { compileRefusedPeople, keyCheckOf, type RefusedPeople } from '@meterbridge/segment-events';

/** What one request goes by from its judgement to its commit. */
export type RefusalLease = {
  /** Null where nobody is refused, as nearly always. */
  people: RefusedPeople | null;
  /** Whether what it goes by may still be relied upon; else its events are not taken, and come again. */
  isCurrent: () => boolean;
  /** Once what the request brought is committed, or was not taken. */
  leave: () => void;
};

/** One version of who is refused. */
type Generation = Pick<RefusalSnapshot, 'version'> & {
  tokens: ReadonlySet<string>;
  /** Tokens by the key that they were made with. */
  byKey: ReadonlyMap<string, number>;
  /** Requests under way that go by it. */
  requests: number;
};

/** What a receiver asks of Redis so often: one field. */
const LOOK_EVERY_MS = 500;

/**
 * Whose events are refused, as this receiver knows it. A person is forgotten only once every receiver goes by the
 * refusal with all of its requests: what it says it knows is a version that no request is behind.
 */
export class RefusalGuard {
  private readonly redis: ReturnType<typeof connectProducer>;
  private readonly onKnown: () => Promise<unknown>;
  private readonly keyInForce: () => string | undefined;
  private readonly rounds: ReturnType<typeof every>;
  private current: Generation = { version: null, tokens: new Set(), byKey: new Map(), requests: 0 };
  /** Replaced ones that requests under way still go by. */
  private readonly older = new Set<Generation>();
  private looking: Promise<void> | undefined;
  /** Of the connection on which it has looked; null before it has, since anybody may have been refused meanwhile. */
  private connection: object | null = null;

  /**
   * @param onKnown called when `known` has changed; what it rejects with is nobody's concern, since it is said again
   * @param keyInForce the privacy key of requests that begin now
   */
  constructor(
    redis: ReturnType<typeof connectProducer>,
    onKnown: () => Promise<unknown>,
    keyInForce: () => string | undefined,
  ) {
    this.redis = redis;
    this.onKnown = onKnown;
    this.keyInForce = keyInForce;
    redis.on('close', this.onClose);
    this.rounds = every(LOOK_EVERY_MS, async () => {
      if (redis.status === 'ready' && !this.looking) await this.look();
    });
  }

  /** Reads who is refused where that has changed: what it knows then is no older than the call. Rejects as Redis does. */
  look(): Promise<void> {
    const before = this.looking ?? Promise.resolve();
    const looking = before
      .catch(() => {})
      .then(() => this.read())
      .finally(() => {
        if (this.looking === looking) this.looking = undefined;
      });
    this.looking = looking;
    return looking;
  }

  /** Has requests go by what is known now, as it is under a configuration's key. */
  forKey(privacyKey: string | undefined): () => RefusalLease {
    let compiled: { of: Generation; people: RefusedPeople | null } | undefined;
    return () => {
      const generation = this.current;
      if (compiled?.of !== generation) {
        compiled = { of: generation, people: compileRefusedPeople(generation.tokens, privacyKey) };
      }
      generation.requests += 1;
      const { connection } = this;
      return {
        people: compiled.people,
        // Another key makes other tokens: a request that began under the one before would let everybody in.
        isCurrent: () =>
          connection !== null && connection === this.connection && privacyKey === this.keyInForce(),
        leave: () => this.leave(generation),
      };
    };
  }

  /** The version that every request goes by, under the key in force; undefined while some go by an older one. */
  known(): string | undefined {
    if (this.connection === null || this.older.size > 0) return undefined;
    return `${this.current.version ?? ''}/${this.keyCheck() ?? ''}`;
  }

  /** Tokens that were made with another key: they match nothing. */
  countOfOtherKeys(): number {
    const own = this.keyCheck();
    let count = 0;
    for (const [key, tokens] of this.current.byKey) if (key !== own) count += tokens;
    return count;
  }

  stop(): void {
    this.rounds.stop();
    this.redis.off('close', this.onClose);
  }

  private readonly onClose = () => {
    this.connection = null;
  };

  private keyCheck(): string | undefined {
    const key = this.keyInForce();
    return key === undefined ? undefined : keyCheckOf(key);
  }

  private async read(): Promise<void> {
    const isFirst = this.connection === null;
    const version = await readRefusalVersion(this.redis);
    if (!isFirst && version === this.current.version) return;
    const { tokens, version: read } = await readRefusals(this.redis);
    const byKey = new Map<string, number>();
    for (const { key } of tokens.values()) byKey.set(key, (byKey.get(key) ?? 0) + 1);
    const before = this.current;
    this.current = { version: read, tokens: new Set(tokens.keys()), byKey, requests: 0 };
    this.connection ??= {};
    if (before.requests > 0) this.older.add(before);
    this.tellIfKnown();
  }

  private leave(generation: Generation): void {
    generation.requests -= 1;
    if (generation.requests === 0 && this.older.delete(generation)) this.tellIfKnown();
  }

  private tellIfKnown(): void {
    if (this.older.size === 0) this.onKnown().catch(() => {});
  }
}
