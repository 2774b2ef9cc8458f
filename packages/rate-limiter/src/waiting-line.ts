/** Those who wait for their turn: by priority, and among equals first come, first served. */
export type WaitingLine = {
  /** Resolves when it is its turn. @param priority the least goes first */
  wait(priority: number): Promise<void>;
  /** It is the turn of the one who is first, or it has come to nothing. */
  next(error?: unknown): void;
};

export function createWaitingLine(): WaitingLine {
  const waiting: { priority: number; go: () => void; fail: (error: unknown) => void }[] = [];
  return {
    wait: (priority) =>
      new Promise((go, fail) => {
        const behind = waiting.findLastIndex((each) => each.priority <= priority);
        waiting.splice(behind + 1, 0, { priority, go, fail });
      }),
    next(error) {
      const first = waiting.shift();
      if (error === undefined) first?.go();
      else first?.fail(error);
    },
  };
}
