import { constants } from 'node:os';

/** Whether somebody wants a long command to stop. Ctrl-C and SIGTERM ask for it. */
export type Interruption = {
  readonly isAsked: boolean;
  /** Listens no more. */
  end(): void;
};

/** The first time the command stops after what it has in hand; the second time nobody waits for that. */
export function heedInterruption(): Interruption {
  let isAsked = false;
  const onSignal = () => {
    if (isAsked) process.exit(1);
    isAsked = true;
    process.stderr.write('\nStopping after what is in hand …\n');
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    get isAsked() {
      return isAsked;
    },
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

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
