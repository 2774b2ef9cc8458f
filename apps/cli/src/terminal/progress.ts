import { Presets, SingleBar } from 'cli-progress';
import { duration } from './duration.js';
import { grouped } from './grouped.js';
import { visible } from './visible.js';

/** Progress of long work on stderr: how far, how fast, how long still. Silent where nobody watches. */
export type ProgressBar = {
  /** So many are done by now. */
  show(done: number): void;
  end(): void;
};

/**
 * Shows the cursor again however the process ends, unless it is killed.
 * @param total of things to do; left out where nobody knows
 */
export function startProgress(what: string, total?: number): ProgressBar {
  if (!process.stderr.isTTY) return { show: () => {}, end: () => {} };
  const shown = visible(what);
  const began = performance.now();
  const rate = (done: number) => Math.round(done / Math.max(0.001, (performance.now() - began) / 1_000));
  const known = '{bar} {percentage} % · {value} of {total} {what} · {rate}/s · {eta_formatted} left';
  const bar = new SingleBar(
    {
      format: total === undefined ? '{value} {what} · {rate}/s · {duration_formatted}' : known,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      formatValue: grouped,
      // Unknown before something is done: it says INF then.
      formatTime: (seconds) => (Number.isFinite(seconds) ? duration(seconds) : '?'),
      fps: 5,
    },
    Presets.shades_classic,
  );
  const end = () => {
    process.off('exit', end);
    bar.stop();
  };
  process.on('exit', end);
  bar.start(total ?? Number.MAX_SAFE_INTEGER, 0, { what: shown, rate: 0 });
  return {
    show: (done) => bar.update(done, { what: shown, rate: grouped(rate(done)) }),
    end,
  };
}
