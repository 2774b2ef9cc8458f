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

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
