import type { Work } from '@meterbridge/operations';
import { listenForInterruption } from './interruption.js';
import { printNote } from './print.js';
import { type ProgressBar, startProgress } from './progress.js';

/** Shows on the terminal how far something is; call `end` whatever happens. */
export function showProgress(): Required<Pick<Work, 'onProgress' | 'onWait' | 'onNotice'>> & { end(): void } {
  let bar: ProgressBar | undefined;
  let shown = { what: '', done: 0 };
  const end = () => {
    bar?.end();
    bar = undefined;
  };
  return {
    onProgress({ what, done, total }) {
      const isAnother = what !== shown.what || done < shown.done;
      if (!bar || isAnother) {
        end();
        bar = startProgress(what, total);
      }
      bar.show(done);
      shown = { what, done };
    },
    onWait: (why) => printNote(why ? `${why}: waiting …` : 'Going on.'),
    onNotice: (words) => printNote(words),
    end,
  };
}

/** Does something long without a way to stop it but to end the command: it changes nothing, or too quickly. */
export async function watched<T>(act: (work: Work) => Promise<T>): Promise<T> {
  const { end, ...work } = showProgress();
  try {
    return await act(work);
  } finally {
    end();
  }
}

/** Does something long that Ctrl-C stops after what is in hand. @param words what is said then */
export async function interruptible<T>(
  act: (work: Work & { signal: AbortSignal }) => Promise<T>,
  words?: string,
): Promise<T> {
  const interruption = listenForInterruption(words);
  try {
    return await watched((work) => act({ ...work, signal: interruption.signal }));
  } finally {
    interruption.end();
  }
}
