import { expect, test } from '@jest/globals';
import { cachedByCost } from './cached-by-cost.js';

/** A look that ends when the test says so, and a clock that the test moves. */
function stage() {
  let at = 0;
  let looks = 0;
  let end: (found: number | Error) => void = () => {};
  const look = () => {
    looks += 1;
    return new Promise<number>((resolve, reject) => {
      end = (found) => (found instanceof Error ? reject(found) : resolve(found));
    });
  };
  return {
    ask: cachedByCost(look, () => at),
    pass: (ms: number) => {
      at += ms;
    },
    end: (found: number | Error) => end(found),
    looks: () => looks,
  };
}

test('is looked at again once it is twenty times as old as it took, and told meanwhile', async () => {
  const { ask, pass, end, looks } = stage();
  const first = ask();
  pass(10);
  end(7);
  expect(await first).toBe(7);
  pass(199);
  expect([await ask(), looks()]).toEqual([7, 1]);
  pass(1);
  const again = ask();
  end(8);
  expect([await again, looks()]).toEqual([8, 2]);
});

test('keeps nobody waiting for long: there is nothing at first, and then the last', async () => {
  const { ask, pass, end, looks } = stage();
  expect(await ask()).toBeUndefined();
  // Who asks meanwhile waits for the same look.
  expect([await ask(), looks()]).toEqual([undefined, 1]);
  pass(1_000);
  end(3);
  expect(await ask()).toBe(3);
  pass(20_000);
  expect([await ask(), looks()]).toEqual([3, 2]);
});

test('what cannot be known any more is not told', async () => {
  const { ask, pass, end } = stage();
  const first = ask();
  end(3);
  expect(await first).toBe(3);
  pass(1);
  const second = ask();
  end(new Error('Redis is away'));
  expect(await second).toBeUndefined();
});
