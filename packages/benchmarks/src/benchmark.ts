/** What a benchmark is held to: one figure, and the least or the most it is to be. */
export type Goal = {
  what: string;
  value: number;
  unit?: string;
  /** The figure is as good as the machine: shown, and no reason to say that something is broken. */
  isOfMachine?: true;
} & ({ atLeast: number } | { atMost: number });

/** For people: cells as they are to be read. */
export type Table = { head: string[]; rows: string[][] };

/** What one run of a benchmark found out. */
export type Measured = {
  tables: Table[];
  goals: Goal[];
  /** Everything that was measured, for machines and for the plots. */
  figures: Record<string, unknown>;
};

/** One question about speed or scale, answered on this machine. */
export type Benchmark = {
  name: string;
  /** In a line, for the help. */
  what: string;
  /** About how long it takes, in seconds: whole, and with `short`. */
  seconds: { whole: number; short: number };
  /** @throws where events were lost, refused or counted wrongly: such a run has no figures */
  run(options: RunOptions): Promise<Measured>;
};

export type RunOptions = {
  /** Smaller and less exact: enough to see that something became much slower. */
  short: boolean;
  /** Tells whoever waits how far it is. */
  say: (line: string) => void;
};

export function isReached(goal: Goal): boolean {
  return 'atLeast' in goal ? goal.value >= goal.atLeast : goal.value <= goal.atMost;
}

/** Less than half of what it is to be: on any machine and under any noise something is broken. */
export function isFarOff(goal: Goal): boolean {
  if (goal.isOfMachine) return false;
  // Not a number is no success either.
  return 'atLeast' in goal ? !(goal.value >= goal.atLeast / 2) : !(goal.value <= goal.atMost * 2);
}
