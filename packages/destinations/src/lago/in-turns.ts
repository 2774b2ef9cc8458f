import { groupBy } from '../group-by.js';

/**
 * Puts a list in an order in which each beginning is a sample of it, so that it may be cut anywhere: rules have turns,
 * and of each rule those come first that lie far apart. Pure.
 */
export function inTurns<T>(list: readonly T[], ruleOf: (one: T) => string): T[] {
  const byRule = groupBy(list, ruleOf).map(farApartFirst);
  const longest = byRule.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: longest }, (_, turn) =>
    byRule.flatMap((own) => (turn < own.length ? [own[turn]!] : [])),
  ).flat();
}

/** The first, the one in the middle, those at the quarters, and so on: by their places' bits, read backwards. */
function farApartFirst<T>(list: readonly T[]): T[] {
  const bits = list.length.toString(2).length;
  const order = (place: number) =>
    Number.parseInt([...place.toString(2).padStart(bits, '0')].reverse().join(''), 2);
  return [...list.keys()].toSorted((one, other) => order(one) - order(other)).map((place) => list[place]!);
}
