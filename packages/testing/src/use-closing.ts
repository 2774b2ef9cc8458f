import { afterEach } from '@jest/globals';

/** Call at the top of a test file: what is pushed is called after the test, the last first. */
export function useClosing(): (() => unknown)[] {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return closing;
}
