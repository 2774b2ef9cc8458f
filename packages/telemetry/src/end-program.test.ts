import { expect, test } from '@jest/globals';
import { describeSystemError } from './end-program.js';

test('what the operating system refuses is said in its words', () => {
  const taken = Object.assign(new Error('listen EADDRINUSE: address already in use :::4000'), {
    code: 'EADDRINUSE',
    syscall: 'listen',
    port: 4000,
  });
  expect(describeSystemError(taken)).toContain('Port 4000 is taken by another process');
  const unread = Object.assign(new Error("ENOENT: no such file or directory, open '/nowhere/at/all'"), {
    code: 'ENOENT',
    syscall: 'open',
  });
  expect(describeSystemError(unread)).toBe("ENOENT: no such file or directory, open '/nowhere/at/all'.");
  expect(describeSystemError(new TypeError('a bug'))).toBeNull();
});
