import { RECEIVER } from '@meterbridge/queue';
import { differencesOf } from './differences.js';
import type { Judged, Side } from './judge.js';

/** What a change of the configuration means for a delivery, best first. */
export const VERDICTS = [
  'newly delivered',
  'changed',
  'unchanged',
  'filtered',
  'no longer failing',
  'still failing',
  'newly failing',
  'no longer delivered',
] as const;

export type Verdict = (typeof VERDICTS)[number];

/** What is worse than before: something would be lost that was delivered. */
export const WORSE: ReadonlySet<Verdict> = new Set(['newly failing', 'no longer delivered']);

/** One delivery under both configurations; a side that is missing takes no such event. */
export type Comparison = { destination: string; verdict: Verdict; before?: Side; after?: Side };

/** Compares what two configurations make of one event, delivery by delivery. Pure. */
export function compareJudged(before: Judged, after: Judged): Comparison[] {
  if (before.status === 'rejected' && after.status === 'rejected') {
    return [comparisonOf(RECEIVER, rejection(before), rejection(after))];
  }
  const names = new Set([
    ...(before.status === 'taken' ? before.sides.keys() : []),
    ...(after.status === 'taken' ? after.sides.keys() : []),
  ]);
  return [...names].flatMap((destination) =>
    pair(sidesIn(before, destination), sidesIn(after, destination)).map(([one, other]) =>
      comparisonOf(destination, one, other),
    ),
  );
}

/** What was rejected as a whole stands against whatever the other configuration makes of it. */
type Sides = Side[] | { always: Side };

function sidesIn(judged: Judged, destination: string): Sides {
  return judged.status === 'rejected' ? { always: rejection(judged) } : (judged.sides.get(destination) ?? []);
}

function rejection({ failed }: Judged & { status: 'rejected' }): Side {
  return { rule: '', result: failed };
}

/** Rules of one name belong together; what is left does so in order, since a rule may be renamed. */
function pair(before: Sides, after: Sides): [Side | undefined, Side | undefined][] {
  if (!Array.isArray(before)) return atLeastOne(after as Side[]).map((side) => [before.always, side]);
  if (!Array.isArray(after)) return atLeastOne(before).map((side) => [side, after.always]);
  const same = before.filter(({ rule }) => after.some((side) => side.rule === rule));
  const named = same.map((side) => [side, after.find(({ rule }) => rule === side.rule)] as [Side, Side]);
  const gone = before.filter((side) => !same.includes(side));
  const added = after.filter(({ rule }) => !same.some((side) => side.rule === rule));
  const rest = Math.max(gone.length, added.length, named.length === 0 ? 1 : 0);
  return [...named, ...Array.from({ length: rest }, (_, at) => [gone[at], added[at]] as [Side, Side])];
}

function atLeastOne(sides: Side[]): (Side | undefined)[] {
  return sides.length === 0 ? [undefined] : sides;
}

function comparisonOf(destination: string, before: Side | undefined, after: Side | undefined): Comparison {
  return {
    destination,
    verdict: verdictOn(before?.result, after?.result),
    before,
    after,
  };
}

function verdictOn(before: Side['result'] | undefined, after: Side['result'] | undefined): Verdict {
  if (!after) return !before ? 'filtered' : before.ok ? 'no longer delivered' : 'no longer failing';
  if (!after.ok) return before && !before.ok ? 'still failing' : 'newly failing';
  if (!before?.ok) return 'newly delivered';
  const [one, other] = [before.usage.body, after.usage.body];
  return one === other || differencesOf(one, other).length === 0 ? 'unchanged' : 'changed';
}
