/** `done` of `total` things; `total` is left out where nobody knows it. */
export type Progress = {
  /** What is counted, in words: `letters`, `KB`. */
  what: string;
  done: number;
  total?: number;
};

/** How the caller of something long watches it and stops it. All of it may be left out. */
export type Work = {
  /** Once aborted, the work stops after what it has in hand; the same call goes on with the rest. */
  signal?: AbortSignal;
  /** Told how far it is: at the beginning, and from then on often. Work of several parts begins anew with each. */
  onProgress?: (progress: Progress) => void;
  /** Told why it waits, in words (Redis is away, a replica is silent), and `null` once it goes on. */
  onWait?: (why: string | null) => void;
  /** Told what a person should know and has nothing to do about. */
  onNotice?: (words: string) => void;
};

/** Counts what is done, for `Work.onProgress`. */
export function startCounting(
  { onProgress }: Pick<Work, 'onProgress'>,
  what: string,
  total?: number,
): { add(count: number): void } {
  let done = 0;
  const tell = () => onProgress?.({ what, done, total });
  tell();
  return {
    add(count) {
      done += count;
      tell();
    },
  };
}

/** Lets others of this process have a turn, once work without a wait has taken so long. */
export function createBreather(sliceMs: number): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < sliceMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    since = performance.now();
  };
}

export function isStopped({ signal }: Pick<Work, 'signal'>): boolean {
  return signal?.aborted ?? false;
}
