export const GROUPINGS = ['destination', 'reason', 'event', 'customer', 'source', 'rule', 'day'] as const;

/** What dead letters may have in common. `day` is the one on which they died, in UTC. */
export type Grouping = (typeof GROUPINGS)[number];
