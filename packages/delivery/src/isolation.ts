/**
 * How a batch job that crashed its worker is taken apart until the one event that does it stands alone.
 * Pure; kept in the job's data, so that it survives the next crash.
 *
 * Only a crash between the beginning of a trial and its end is evidence. Whoever runs trials has one at a time
 * in a process and writes its beginning down first: whatever a worker dies of, at most one portion is blamed.
 */
export type Isolation = {
  /** BullMQ's stalled counter when this was written: a higher one means another crash since. */
  stalls: number;
  /** None: the job went through and is under suspicion no more. */
  trial?: Trial;
};

export type Trial = {
  /** The cause of the last crash is among the first so many deliveries. */
  suspects: number;
  /** So many of them are tried at once. */
  trying: number;
  /** Crashes in a row with one delivery tried alone. */
  alone: number;
  /** It is in a worker's hands right now: if that worker dies, it may be of this. */
  begun: boolean;
};

/** A job that is tried apart. */
export type UnderTrial = Isolation & { trial: Trial };

/** A delivery that was tried alone in this many crashes in a row is poison: a few may be bad luck. */
export const POISON_AFTER_CRASHES_ALONE = 5;

export type IsolationStep =
  | { isolate: 'no' }
  /** Its turn comes, then this is written to the job (`begin`), then the first `trying` are tried. */
  | { isolate: 'try'; isolation: UnderTrial }
  /** The first delivery is poison: dead-letter it, and write this. */
  | { isolate: 'poison'; isolation: UnderTrial };

/**
 * What is next for a job. Nothing changes by asking: what was not written down (a crash before the trial
 * began, say) is worked out again from the same data.
 *
 * @param before what the job says of earlier crashes
 * @param stalls BullMQ's stalled counter of the job now
 * @param count deliveries in the job
 */
export function isolate(before: Isolation | undefined, stalls: number, count: number): IsolationStep {
  const hasCrashed = stalls > (before?.stalls ?? 0);
  const trial = before?.trial;
  if (!trial) return hasCrashed ? { isolate: 'try', isolation: tryAll(stalls, count) } : { isolate: 'no' };
  if (!hasCrashed || !trial.begun) {
    return { isolate: 'try', isolation: { stalls, trial: { ...trial, begun: false } } };
  }
  if (trial.trying > 1) return { isolate: 'try', isolation: { stalls, trial: halve(trial.trying) } };
  const alone = trial.alone + 1;
  return alone >= POISON_AFTER_CRASHES_ALONE
    ? { isolate: 'poison', isolation: tryAll(stalls, count - 1) }
    : { isolate: 'try', isolation: { stalls, trial: { suspects: 1, trying: 1, alone, begun: false } } };
}

/** The trial is about to begin: to be written before anything of it is touched. */
export function trialStarted({ stalls, trial }: UnderTrial): UnderTrial {
  return { stalls, trial: { ...trial, begun: true } };
}

/** The trial takes its time and its worker lives: should it die later, it is not of this. */
export function trialTimedOut({ stalls, trial }: UnderTrial): UnderTrial {
  return { stalls, trial: { ...trial, alone: 0, begun: false } };
}

/** The trial ended without having left the process (a drain): it says nothing. */
export function trialAborted({ stalls, trial }: UnderTrial): UnderTrial {
  return { stalls, trial: { ...trial, begun: false } };
}

/**
 * The trial ended and its worker lives.
 *
 * @param before deliveries in the job before it
 * @param after deliveries that remain, those that were tried and are to be tried again in front
 */
export function trialPassed({ stalls, trial }: UnderTrial, before: number, after: number): Isolation {
  if (trial.trying >= before) return { stalls };
  const suspects = trial.suspects - (before - after);
  // All that were under suspicion lived, so the crash was of something else, or of what stands behind them.
  if (trial.trying >= trial.suspects || suspects <= 0) return tryAll(stalls, after);
  return { stalls, trial: halve(suspects) };
}

/** Some deliveries were taken out of the job, from wherever in it: a trial begins anew with those that are left. */
export function afterRemoval(before: Isolation | undefined, count: number): Isolation | undefined {
  return before?.trial ? tryAll(before.stalls, count) : before;
}

/** At first all together: after most crashes there is no poison at all, and one trial frees the job. */
function tryAll(stalls: number, count: number): UnderTrial {
  return { stalls, trial: { suspects: count, trying: count, alone: 0, begun: false } };
}

function halve(suspects: number): Trial {
  return { suspects, trying: Math.ceil(suspects / 2), alone: 0, begun: false };
}
