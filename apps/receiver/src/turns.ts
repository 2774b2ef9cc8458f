/** Requests that are put aside at once: each keeps its body and its events, some megabytes at most. */
const MAX_REQUESTS = 8;

/** Of the bodies that stand in line: two of the largest, and many of those that are hardly large. */
const MAX_LINE_BYTES = 120_000_000;

/** One request's way through the event loop. */
export type Turn = {
  /** Whether others may have their turn before this request is done. Where too much is put aside it is done in one go. */
  mayWait: boolean;
  leave(): void;
};

/**
 * Bounds what waits half done. A request that lets others have their turn keeps its body and its events in memory
 * meanwhile, which may be ten times what was sent: of the usual size a few do so at once, and of large ones one.
 */
export class Turns {
  private requests = 0;
  private lineBytes = 0;
  private lastInLine: Promise<void> = Promise.resolve();

  enter(): Turn {
    const mayWait = this.requests < MAX_REQUESTS;
    if (!mayWait) return { mayWait, leave: () => {} };
    this.requests += 1;
    return {
      mayWait,
      leave: () => {
        this.requests -= 1;
      },
    };
  }

  /**
   * Waits until every large body that came before is done.
   * @param bytes of the body
   * @returns null where too much stands in line
   */
  async standInLine(bytes: number): Promise<Turn | null> {
    if (this.lineBytes > 0 && this.lineBytes + bytes > MAX_LINE_BYTES) return null;
    this.lineBytes += bytes;
    const before = this.lastInLine;
    let callNext = () => {};
    this.lastInLine = new Promise((resolve) => {
      callNext = resolve;
    });
    await before;
    return {
      mayWait: true,
      leave: () => {
        this.lineBytes -= bytes;
        callNext();
      },
    };
  }
}

/** Resolves once what has come meanwhile has had its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
