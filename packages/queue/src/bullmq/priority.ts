/**
 * The order in which jobs are taken: live events before all else, then the smaller number.
 * A job keeps its place when it is put back, at once or for later. Only one whose worker vanished comes back
 * among the live ones: BullMQ's recovery knows no priorities.
 */
export const PRIORITY = { live: 0, replay: 1, backfill: 2 } as const;

export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];
