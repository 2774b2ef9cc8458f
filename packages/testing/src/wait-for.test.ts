import { expect, test } from '@jest/globals';
import { waitFor } from './wait-for.js';

test('returns what the condition gives once it is truthy, whatever it threw before', async () => {
  let calls = 0;
  const value = await waitFor(
    () => {
      calls += 1;
      if (calls === 1) throw new Error('not yet');
      return calls >= 3 ? { calls } : null;
    },
    { what: 'three calls' },
  );
  expect(value).toEqual({ calls: 3 });
});

test('says what it waited for, and the last error as the cause', async () => {
  const cause = new Error('closed');
  await expect(
    waitFor(() => Promise.reject(cause), { what: 'the door', timeoutMs: 1 }),
  ).rejects.toMatchObject({ message: 'Waited in vain for the door (1 ms)', cause });
});
