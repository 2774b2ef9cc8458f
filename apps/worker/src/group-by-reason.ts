import type { DeadLetter } from '@meterbridge/delivery';

/** Of so many letters the log names the event; `meterbridge dead-letters list` has them all. */
const MOST_IDS = 10;

/** Dead letters of one job that have source, rule, reason and the API's status in common. */
export type DeadGroup = {
  source: string;
  rule: string;
  reason: string;
  status: number | undefined;
  count: number;
  messageIds: string[];
  /** Of the requests that brought them. */
  requestIds: string[];
};

/** Puts together what the log tells in one line. */
export function groupByReason(dead: readonly DeadLetter[]): DeadGroup[] {
  const groups = new Map<string, DeadGroup>();
  for (const { source, rule, event, reason, tries, request } of dead) {
    const status = tries.lastStatus;
    const key = JSON.stringify([source, rule, reason, status]);
    const group = groups.get(key) ?? {
      source,
      rule,
      reason,
      status,
      count: 0,
      messageIds: [],
      requestIds: [],
    };
    groups.set(key, group);
    group.count += 1;
    if (group.messageIds.length >= MOST_IDS) continue;
    group.messageIds.push(event.messageId);
    if (request && !group.requestIds.includes(request.id)) group.requestIds.push(request.id);
  }
  return [...groups.values()];
}
