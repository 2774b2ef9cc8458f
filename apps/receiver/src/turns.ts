/** Requests that are put aside at once, and the bytes of their bodies: one of the largest, and some of the usual. */
const MAX_REQUESTS = 8;
const MAX_BYTES = 60_000_000;

/** One request's way through the event loop. */
export type Turn = {
  /** Whether others may have their turn before this request is done. Where too much is put aside it is done in one go. */
  mayWait: boolean;
  leave(): void;
};

/**
 * Bounds what waits half done. A request that lets others have their turn keeps its body and its events in memory
 * meanwhile, which may be ten times what was sent.
 */
export class Turns {
  private requests = 0;
  private bytes = 0;

  /** @param bytes of the body */
  enter(bytes: number): Turn {
    const mayWait = this.requests < MAX_REQUESTS && this.bytes + bytes <= MAX_BYTES;
    if (!mayWait) return { mayWait, leave: () => {} };
    this.requests += 1;
    this.bytes += bytes;
    return {
      mayWait,
      leave: () => {
        this.requests -= 1;
        this.bytes -= bytes;
      },
    };
  }
}

/** Resolves once what has come meanwhile has had its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
