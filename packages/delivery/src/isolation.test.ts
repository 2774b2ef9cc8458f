import { expect, test } from '@jest/globals';
import {
  afterRemoval,
  type Isolation,
  type IsolationStep,
  isolate,
  POISON_AFTER_CRASHES_ALONE,
  trialAborted,
  trialPassed,
  trialStarted,
  trialTimedOut,
  type UnderTrial,
} from './isolation.js';

/** The first crash, one as a whole, the halvings that leave more than one, and those of the one alone. */
const mostCrashes = (count: number) => 1 + Math.ceil(Math.log2(count)) + POISON_AFTER_CRASHES_ALONE;

/** Numbers in [0, 1) that are the same in every run. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One job through its life, with what only Redis would know of it. */
function aJob(count: number) {
  const deliveries = Array.from({ length: count }, (_, index) => index + 1);
  const dead: number[] = [];
  let isolation: Isolation | undefined;
  let stalls = 0;
  return {
    deliveries,
    dead,
    crash: () => {
      stalls += 1;
    },
    /** What is to be tried next; dead letters are written on the way. */
    next(): IsolationStep {
      for (;;) {
        const step = isolate(isolation, stalls, deliveries.length);
        if (step.isolate !== 'poison') return step;
        dead.push(deliveries.shift()!);
        isolation = step.isolation;
      }
    },
    write: (written: Isolation) => {
      isolation = written;
    },
    portion: (step: IsolationStep) =>
      deliveries.slice(0, step.isolate === 'try' ? step.isolation.trial.trying : deliveries.length),
    /** The portion is answered: what `isDone` says of it leaves the job, the rest stays in front. */
    answer(step: IsolationStep, isDone: (delivery: number) => boolean) {
      const before = deliveries.length;
      const tried = this.portion(step).length;
      deliveries.splice(0, tried, ...deliveries.slice(0, tried).filter((each) => !isDone(each)));
      if (step.isolate === 'try') isolation = trialPassed(step.isolation, before, deliveries.length);
    },
  };
}

const trying = (suspects: number, size: number, more: Partial<UnderTrial['trial']> = {}): UnderTrial => ({
  stalls: 1,
  trial: { suspects, trying: size, alone: 0, begun: false, ...more },
});

test('a job that never crashed is tried whole, and so is one that went through since', () => {
  expect(isolate(undefined, 0, 100)).toEqual({ isolate: 'no' });
  expect(isolate({ stalls: 3 }, 3, 100)).toEqual({ isolate: 'no' });
});

test.each<[string, Isolation | undefined, IsolationStep]>([
  [
    'after its first crash a job is tried whole, alone',
    undefined,
    { isolate: 'try', isolation: trying(100, 100) },
  ],
  ['so is one that was free of suspicion', { stalls: 0 }, { isolate: 'try', isolation: trying(100, 100) }],
  [
    'one that had not begun is innocent of a crash',
    { stalls: 0, trial: { suspects: 1, trying: 1, alone: 4, begun: false } },
    { isolate: 'try', isolation: trying(1, 1, { alone: 4 }) },
  ],
  [
    'what crashed as a portion is halved',
    { stalls: 0, trial: { suspects: 25, trying: 13, alone: 0, begun: true } },
    { isolate: 'try', isolation: trying(13, 7) },
  ],
  [
    'one that crashed alone is counted',
    { stalls: 0, trial: { suspects: 2, trying: 1, alone: 0, begun: true } },
    { isolate: 'try', isolation: trying(1, 1, { alone: 1 }) },
  ],
  [
    'and convicted by the fifth; what stands behind it is tried apart',
    { stalls: 0, trial: { suspects: 1, trying: 1, alone: 4, begun: true } },
    { isolate: 'poison', isolation: trying(99, 99) },
  ],
])('%s', (_, before, step) => {
  expect(isolate(before, 1, 100)).toEqual(step);
});

test.each<[string, UnderTrial, number, Isolation]>([
  ['a whole job that lived is free', trying(100, 100), 0, { stalls: 1 }],
  ['even where all of it is to be sent again', trying(100, 100), 100, { stalls: 1 }],
  ['of a half that lived, the other half is suspect', trying(50, 25), 75, trying(25, 13)],
  ['what lived and is to be sent again stays among them', trying(50, 25), 85, trying(35, 18)],
  ['when all suspects lived, it was nobody of them', trying(50, 50), 50, trying(50, 50)],
  ['the last one of them lived', trying(1, 1, { alone: 3 }), 99, trying(99, 99)],
])('%s', (_, isolation, after, expected) => {
  expect(trialPassed(trialStarted(isolation), 100, after)).toEqual(expected);
});

test('a trial is blamed from its beginning until it has lived for long enough, or was broken off', () => {
  const once = trying(1, 1, { alone: 2 });
  const blamed = (isolation: Isolation) => {
    const step = isolate(isolation, 2, 1);
    return step.isolate === 'try' && step.isolation.trial.alone > 2;
  };
  expect(blamed(once)).toBe(false);
  expect(blamed(trialStarted(once))).toBe(true);
  expect(blamed(trialAborted(trialStarted(once)))).toBe(false);
  expect(trialTimedOut(trialStarted(once))).toEqual(trying(1, 1));
});

test.each([1, 2, 3, 7, 8, 9, 64, 99, 100])(
  'the poison among %i is convicted wherever it stands, it alone, within the crashes promised',
  (count) => {
    let most = 0;
    for (let place = 1; place <= count; place += 1) {
      const job = aJob(count);
      let crashes = 0;
      while (job.deliveries.length > 0 && job.dead.length < 2) {
        const step = job.next();
        if (step.isolate === 'try') job.write(trialStarted(step.isolation));
        if (job.portion(step).includes(place)) {
          crashes += 1;
          job.crash();
        } else {
          job.answer(step, () => true);
        }
      }
      expect(job.dead).toEqual([place]);
      most = Math.max(most, crashes);
    }
    expect(most).toBe(mostCrashes(count));
  },
);

test('an outage of the API in between does not lengthen it: what came back unsettled is tried again', () => {
  const random = numbersFrom(7);
  for (let round = 0; round < 200; round += 1) {
    const job = aJob(100);
    const place = 1 + Math.floor(random() * 100);
    let crashes = 0;
    while (job.deliveries.length > 0) {
      const step = job.next();
      if (step.isolate === 'try') job.write(trialStarted(step.isolation));
      if (job.portion(step).includes(place)) {
        crashes += 1;
        job.crash();
      } else {
        job.answer(step, () => random() < 0.5);
      }
    }
    expect(job.dead).toEqual([place]);
    expect(crashes).toBeLessThanOrEqual(mostCrashes(100));
  }
});

test('no sequence of crashes convicts what had not begun, or changes what is tried next', () => {
  const random = numbersFrom(11);
  for (let round = 0; round < 200; round += 1) {
    const job = aJob(1 + Math.floor(random() * 100));
    job.crash();
    for (let left = Math.floor(random() * POISON_AFTER_CRASHES_ALONE); left > 0; left -= 1) {
      const step = job.next();
      if (step.isolate === 'try') job.write(trialStarted(step.isolation));
      job.crash();
    }
    const seen: unknown[] = [];
    for (let crashes = 0; crashes < 60; crashes += 1) {
      const step = job.next();
      if (step.isolate !== 'try') throw new Error(step.isolate);
      seen.push(step.isolation.trial);
      // It only waited in hand, or a drain handed it back; then its worker dies of something.
      if (random() < 0.3) job.write(trialAborted(trialStarted(step.isolation)));
      job.crash();
    }
    expect(job.dead).toEqual([]);
    expect(new Set(seen.map((trial) => JSON.stringify(trial))).size).toBe(1);
  }
});

test('of many jobs in hand, whatever crashes the process, one at most is blamed for it', () => {
  const random = numbersFrom(13);
  for (let round = 0; round < 50; round += 1) {
    const jobs = Array.from({ length: 50 }, () => aJob(100));
    const poisoned = Math.floor(random() * jobs.length);
    const place = 1 + Math.floor(random() * 100);
    let crashes = 1;
    for (const job of jobs) job.crash();
    while (jobs.some(({ deliveries }) => deliveries.length > 0)) {
      // One turn: a job is taken, and the poison kills it with all that wait beside it.
      const inHand = jobs.filter(({ deliveries }) => deliveries.length > 0);
      const job = inHand[Math.floor(random() * inHand.length)]!;
      const step = job.next();
      if (step.isolate === 'try') job.write(trialStarted(step.isolation));
      const kills = job === jobs[poisoned] && job.portion(step).includes(place);
      if (kills) {
        crashes += 1;
        for (const each of inHand) each.crash();
      } else {
        job.answer(step, () => true);
      }
    }
    expect(jobs.flatMap(({ dead }) => dead)).toEqual([place]);
    expect(crashes).toBeLessThanOrEqual(mostCrashes(100));
  }
});

test('a job out of which something was taken is under the same suspicion, all of it', () => {
  const trial = { suspects: 10, trying: 5, alone: 0, begun: true };
  const left = afterRemoval({ stalls: 2, trial }, 7);
  expect(isolate(left, 3, 7)).toEqual({
    isolate: 'try',
    isolation: { stalls: 3, trial: { suspects: 7, trying: 7, alone: 0, begun: false } },
  });
  expect(afterRemoval({ stalls: 2 }, 7)).toEqual({ stalls: 2 });
  expect(afterRemoval(undefined, 7)).toBeUndefined();
});
