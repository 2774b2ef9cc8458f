/**
 * Does something every so many milliseconds, unless it is still at it. What fails is tried again in the next round. The
 * process may end meanwhile.
 */
export function every(ms: number, act: () => Promise<unknown>): { stop(): void } {
  let isAtIt = false;
  const timer = setInterval(() => {
    if (isAtIt) return;
    isAtIt = true;
    act()
      .catch(() => {})
      .finally(() => {
        isAtIt = false;
      });
  }, ms);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
