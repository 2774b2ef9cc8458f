import type { Finding } from '@meterbridge/queue';
import { counted, type Decision, decide, deliveries, firstOf } from './decision.js';

/** What of a month is accepted and has no end yet. */
export type InFlight = {
  deliveries: number;
  /** Jobs that a newer version wrote: nobody here can say of when they are. */
  unreadableJobs: number;
};

/** Nothing of the month is in flight. Pure. */
export function decideInFlight({ deliveries: count, unreadableJobs }: InFlight): Decision {
  const against: string[] = [];
  if (count > 0) {
    const are = count === 1 ? 'is' : 'are';
    against.push(`${deliveries(count)} of the month ${are} in flight: wait until they are settled`);
  }
  if (unreadableJobs > 0) {
    const jobs = counted(unreadableJobs, 'job');
    against.push(`${jobs} of a newer version may hold events of the month: use that version`);
  }
  return decide(against, 'nothing of the month is in flight');
}

/** Dead letters whose event was in the month, and those of which nobody here can say it. */
export type DeadOfMonth = {
  /** By reason. */
  delivery: Record<string, number>;
  /** Arrived at the receiver and is no Segment event, of whatever destination; by reason. */
  receiver: Record<string, number>;
  unreadable: number;
};

/** No dead letters of the month. Pure. */
export function decideDeadLetters({ delivery, receiver, unreadable }: DeadOfMonth): Decision {
  const against: string[] = [];
  const add = (letters: Record<string, number>, of: string) => {
    const all = Object.values(letters).reduce((sum, count) => sum + count, 0);
    if (all === 0) return;
    const reasons = Object.entries(letters).map(
      ([reason, count]) => `${reason} ${count.toLocaleString('en')}`,
    );
    against.push(`${counted(all, 'dead letter')}${of} (${reasons.join(', ')}): replay or discard them`);
  };
  add(delivery, '');
  add(receiver, ' of the receiver');
  if (unreadable > 0) {
    const letters = counted(unreadable, 'dead letter');
    against.push(`${letters} of a newer version may be of the month: use that version`);
  }
  return decide(against, 'no dead letters of the month');
}

/** No findings open. Pure. @param findings of which none is waived @param waived how many are */
export function decideFindings(
  findings: readonly Pick<Finding, 'id' | 'kind' | 'detail'>[],
  waived: number,
): Decision {
  const lines = findings.map(({ id, kind, detail }) => `${id} (${kind}): ${detail}`);
  const more = waived === 0 ? '' : `, but for ${waived.toLocaleString('en')} that somebody waived`;
  return decide(firstOf(lines), `no findings are open${more}`);
}
