import { setTimeout as sleep } from 'node:timers/promises';

/** Seconds since the watching began, and what was seen then. */
export type Look<Seen> = Seen & { second: number };

/** Looks again and again in the background; `stop` gives everything that was seen. */
export function watch<Seen extends object>(
  look: () => Promise<Seen>,
  everyMs: number,
): { stop(): Promise<Look<Seen>[]> } {
  const began = performance.now();
  const looks: Look<Seen>[] = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const seen = await look();
      looks.push({ ...seen, second: (performance.now() - began) / 1_000 });
      await sleep(everyMs);
    }
  })();
  watching.catch(() => {});
  return {
    async stop() {
      isOver = true;
      await watching;
      return looks;
    },
  };
}

/** How much a count rose a second, over about a second before each look; of [second, rate] pairs. */
export function ratesOf<Seen>(
  looks: readonly Look<Seen>[],
  count: (look: Seen) => number,
): [number, number][] {
  let first = 0;
  return looks.flatMap((look, index): [number, number][] => {
    while (first + 1 < index && look.second - looks[first + 1]!.second >= 1) first += 1;
    const before = looks[first]!;
    const seconds = look.second - before.second;
    return seconds < 0.75 ? [] : [[look.second, (count(look) - count(before)) / seconds]];
  });
}
