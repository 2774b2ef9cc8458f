import type { StoredDelivery } from '@meterbridge/delivery';
import { compileVersion, type Destination, type MappedUsage, newerRules } from '@meterbridge/destinations';

/**
 * How a delivery is mapped; `unknown`: it was sent under rules that nobody has kept, or that this program cannot read;
 * `newer`: under rules that a newer version wrote.
 */
export type MapDelivery = (delivery: StoredDelivery) => MappedUsage | 'unknown' | 'newer';

export type RuleVersions = {
  /**
   * What maps these: reads the versions that are not known yet. Rejects as Redis does.
   * @param rules the version that what was never sent is mapped by; left out: that of now
   */
  for(deliveries: readonly StoredDelivery[], rules?: string): Promise<MapDelivery>;
  /**
   * The version that maps a job which was never sent: that of now; and of a job with a rule that those do not have the
   * one that it names, as long as a process routes by that. Rejects as Redis does.
   */
  choose(named: string, rulesOf: () => Set<string>): Promise<string>;
};

export type RuleVersionsOptions = {
  destination: Pick<Destination, 'map'>;
  /** The version of the rules of now, and their names. */
  now: string;
  names: ReadonlySet<string>;
  /** The text of a version, or null; asked once for each that is there. */
  read: (version: string) => Promise<string | null>;
  /** Whether any process runs a version: then its rules are not removed, and this worker is behind. */
  isInForce: (version: string) => Promise<boolean>;
  onUnknown: (version: string) => void;
  onNewer: (format: number) => void;
};

/**
 * Maps what was never sent by the rules of now, and what may have arrived by the version that it was sent under: the
 * API must not get a second usage event for it.
 */
export function createRuleVersions(options: RuleVersionsOptions): RuleVersions {
  const { destination, now, names, read, isInForce, onUnknown, onNewer } = options;
  const known = new Map<string, Destination['map']>([[now, destination.map]]);

  /** True where a newer version wrote it. */
  async function learn(version: string): Promise<boolean> {
    const text = await read(version);
    const newer = text === null ? undefined : newerRules(text);
    if (newer !== undefined) {
      onNewer(newer);
      return true;
    }
    const map = text === null ? null : compileVersion(text);
    if (map) known.set(version, map);
    else onUnknown(version);
    return false;
  }

  return {
    async choose(named, rulesOf) {
      if (named === now || [...rulesOf()].every((rule) => names.has(rule))) return now;
      return (await isInForce(named)) ? named : now;
    },
    async for(deliveries, rules = now) {
      const missing = new Set<string>();
      for (const { sentUnder = rules } of deliveries) if (!known.has(sentUnder)) missing.add(sentUnder);
      const newer = new Set<string>();
      const learnEach = async (version: string) => (await learn(version)) && newer.add(version);
      await Promise.all([...missing].map(learnEach));
      return ({ rule, event, sentUnder = rules }) =>
        known.get(sentUnder)?.(rule, event) ?? (newer.has(sentUnder) ? 'newer' : 'unknown');
    },
  };
}
