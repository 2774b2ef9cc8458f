/** How a program says why it ends. */
export type LastWords = {
  /** An error that was expected as a sentence that says what to do; null for any other. */
  words: (error: unknown) => string | null;
  /** Gets a bug, whose frames are worth something. */
  onBug: (error: unknown) => void;
  /** Writes the sentence to stderr. */
  say?: (sentence: string) => void;
};

/**
 * Ends the program with exit code 1: what was expected is its sentence alone on stderr. Node's own way would print the
 * error with all of its fields: a Redis client hangs the command with its arguments on it, and a password is one.
 */
export function endProgram(error: unknown, { words, onBug, say = console.error }: LastWords): never {
  const said = words(error) ?? describeSystemError(error);
  if (said === null) onBug(error);
  else say(said);
  process.exit(1);
}

/** What the operating system refuses (a port that is taken, a file that cannot be read) in its words; else null. */
export function describeSystemError(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall, message, port } = error as NodeJS.ErrnoException & { port?: number };
  if (typeof code !== 'string' || typeof syscall !== 'string') return null;
  if (code === 'EADDRINUSE') return `Port ${port} is taken by another process (${message}).`;
  return `${message}.`;
}
