import { constants } from 'node:os';
import { printNote } from './print.js';

/** Whether a person wants a long command to stop. Ctrl-C and SIGTERM ask for it. */
export type Interruption = {
  readonly signal: AbortSignal;
  /** Listens no more. */
  end(): void;
};

/**
 * The first time the command stops after what it has in hand; the second time nobody waits for that.
 * @param words what is said the first time
 */
export function listenForInterruption(words = 'Stopping after what is in hand …'): Interruption {
  const asked = new AbortController();
  const onSignal = () => {
    if (asked.signal.aborted) process.exit(1);
    printNote(`\n${words}`);
    asked.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: asked.signal,
    end() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}

/**
 * Ends at once where no command heeds the signal, with 128 and its number, as shells say it. Unlike the signal's
 * own way, that gives back the terminal as it was.
 */
export function endOnSignal(): void {
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  }
}

/** Resolves at the first signal, for what goes on until a person ends it. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
