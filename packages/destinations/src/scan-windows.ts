import { afterPage, nextWindow, type Page, planScans, type Window } from './windows.js';

/** One page, or why there is none: the reads that may be made are spent, or the API's trouble. */
export type PageRead = { ok: true; page: Page } | { ok: false; problem?: string };

/** Reads on their way at once. */
const AT_ONCE = 4;
/** Stretches of time that take turns: where the reads do not reach, each has had some. */
const SCANS = 4;
/** Fewer times are one stretch: more would only be more reads. */
const TIMES_A_SCAN = 100;

/**
 * Asks an API's list for windows of time until all of these are asked, or it may read no more.
 * @returns the times that are, and the trouble it met
 */
export async function scanWindows(
  times: readonly number[],
  readPage: (window: Window) => Promise<PageRead>,
): Promise<{ answered: ReadonlySet<number>; problem?: string }> {
  const scans = planScans(times, Math.max(1, Math.min(SCANS, Math.floor(times.length / TIMES_A_SCAN))));
  const answered = new Set<number>();
  let ended: { problem?: string } | undefined;
  const work = async () => {
    for (let scan = scans.shift(); scan && !ended; scan = scans.shift()) {
      const read = await readPage(nextWindow(scan));
      if (!read.ok) {
        ended ??= read.problem === undefined ? {} : { problem: read.problem };
        return;
      }
      const after = afterPage(scan, read.page);
      for (const time of after.answered) answered.add(time);
      if (after.rest) scans.push(after.rest);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { answered, ...ended };
}
