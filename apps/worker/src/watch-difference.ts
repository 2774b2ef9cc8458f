import type { AuditLine } from '@meterbridge/queue';
import type { Logger } from '@meterbridge/telemetry';
import {
  ADDS_UP,
  boundLines,
  compareLines,
  type DifferenceLine,
  differencesOf,
  type Look,
  seeDifference,
} from './lasting-difference.js';

export type DifferenceWatch = {
  /** Never rejects: what cannot be known now is asked again at the next look. */
  look(): Promise<void>;
  /** Where it does not add up, as of the last audit: few, whatever happens. */
  lines(): DifferenceLine[];
};

/**
 * Tells where a destination's account does not add up, once it has not done so for a minute: one error line for each
 * hour, source and shard when it begins and when it changes, an info line when it is over.
 * @param options.count the latest look at the account; undefined while there is none
 */
export function watchDifference(options: {
  destination: string;
  count: () => Promise<Look | undefined>;
  audit: () => Promise<AuditLine[]>;
  log: Logger;
}): DifferenceWatch {
  const { destination, count, audit, log } = options;
  let watched = ADDS_UP;

  async function look(): Promise<void> {
    const counted = await count();
    if (!counted) return;
    const seen = seeDifference(watched, counted);
    watched = seen.watched;
    if (seen.askAudit) tell(differencesOf(await audit()));
  }

  function tell(lines: DifferenceLine[]): void {
    const { changed, gone } = compareLines(watched.lines, lines);
    watched = { ...watched, lines };
    for (const line of boundLines(destination, changed)) {
      log.error({ destination, ...line }, 'account.difference');
    }
    for (const { difference: before, ...line } of boundLines(destination, gone)) {
      log.info({ destination, ...line, before }, 'account.adds_up');
    }
  }

  return {
    look: () => look().catch((err) => log.warn({ destination, err }, 'account.not_read')),
    lines: () => boundLines(destination, watched.lines),
  };
}

/** A difference is told this much later than it could be, at most. */
const LOOK_EVERY_MS = 15_000;

/** Looks at all of them on its own: a log line must not wait for somebody to scrape metrics. */
export function keepWatching(
  watches: () => readonly DifferenceWatch[],
  everyMs = LOOK_EVERY_MS,
): { stop(): void } {
  let looking = false;
  const lookAtAll = async () => {
    if (looking) return;
    looking = true;
    await Promise.all(watches().map(({ look }) => look()));
    looking = false;
  };
  const timer = setInterval(() => void lookAtAll(), everyMs);
  timer.unref();
  void lookAtAll();
  return { stop: () => clearInterval(timer) };
}
