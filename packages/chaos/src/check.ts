import type { Expectation, Expected } from './load/make-event.js';

/** One effect that an API holds under an event's id. */
export type Held = {
  timestampMs: number;
  contentHash: string;
  /** Contents that arrived under this key, where they differed. */
  versions: number;
  /** Whether it says what was sent; undefined where contents are no longer kept. */
  isTrue: boolean | undefined;
};

/** What became of one event: effects at each API, reasons of its dead letters. */
export type Fate = {
  lago: Held[];
  hyperline: Held[];
  dead: { lago: string[]; hyperline: string[]; receiver: string[] };
};

export type Finding = {
  what: 'lost' | 'twice' | 'wrong' | 'wrongly dead';
  where: keyof Expectation;
  id: string;
  detail: string;
};

export type Tally = {
  /** Events whose request was answered 200. */
  answered: number;
  /** Usage events in effect exactly once, over both APIs. */
  once: number;
  /** Events dead as they should be, by place and reason. */
  dead: Record<string, number>;
  /** Answered 200 in a second whose end Redis may have forgotten with the power, and how many of them it has. */
  mayBeLost: { events: number; missing: number };
  findings: Finding[];
};

export function newTally(): Tally {
  return { answered: 0, once: 0, dead: {}, mayBeLost: { events: 0, missing: 0 }, findings: [] };
}

const PLACES = ['lago', 'hyperline', 'receiver'] as const;

/** Holds what became of one event against what had to; counts into the tally. Pure but for that. */
export function judge(
  tally: Tally,
  event: { id: string; answered: boolean; mayBeLost?: boolean; expected: Expectation },
  fate: Fate,
): void {
  if (event.answered) tally.answered += 1;
  if (event.mayBeLost) {
    tally.mayBeLost.events += 1;
    if (PLACES.some((where) => isMissing(event.expected[where], where, fate))) tally.mayBeLost.missing += 1;
  }
  const mustBeThere = event.answered && !event.mayBeLost;
  for (const where of PLACES) {
    const held = where === 'receiver' ? [] : fate[where];
    const findings = judgeAt(tally, where, event.expected[where], held, fate.dead[where]);
    if (mustBeThere && isMissing(event.expected[where], where, fate))
      findings.push(['lost', `expected ${event.expected[where]}`]);
    for (const [what, detail] of findings) tally.findings.push({ what, where, id: event.id, detail });
  }
}

function judgeAt(
  tally: Tally,
  where: keyof Expectation,
  expected: Expected,
  held: Held[],
  dead: string[],
): [Finding['what'], string][] {
  const findings: [Finding['what'], string][] = [];
  if (held.length > 1) findings.push(['twice', whatDiffers(held)]);
  const [first] = held;
  if (first && first.versions > 0) findings.push(['wrong', `${first.versions} contents under one key`]);
  if (first?.isTrue === false) findings.push(['wrong', 'what is in effect is not what was sent']);
  if (first && expected !== 'once') findings.push(['wrong', `in effect, expected ${expected}`]);

  const wanted = expected.startsWith('dead:') ? expected.slice('dead:'.length).split('|') : [];
  const others = dead.filter((reason) => !wanted.includes(reason));
  if (others.length > 0) findings.push(['wrongly dead', others.join(', ')]);
  const reason = dead.find((each) => wanted.includes(each));
  if (reason !== undefined) {
    const name = `${where} ${reason}`;
    tally.dead[name] = (tally.dead[name] ?? 0) + 1;
  }
  if (expected === 'once' && held.length === 1) tally.once += 1;
  return findings;
}

function isMissing(expected: Expected, where: keyof Expectation, fate: Fate): boolean {
  const held = where === 'receiver' ? [] : fate[where];
  return expected !== 'nothing' && held.length === 0 && fate.dead[where].length === 0;
}

function whatDiffers(held: Held[]): string {
  const times = new Set(held.map(({ timestampMs }) => timestampMs));
  const contents = new Set(held.map(({ contentHash }) => contentHash));
  const parts = [
    times.size > 1 ? `timestamps ${[...times].map((at) => new Date(at).toISOString()).join(' and ')}` : '',
    contents.size > 1 ? `contents ${[...contents].join(' and ')}` : '',
  ].filter((part) => part !== '');
  return `${held.length} effects; ${parts.join(', ') || 'in nothing but the key'}`;
}
