import { expect, test } from '@jest/globals';
import { describeRedisError, redisTroubleOf } from './describe-error.js';

/** An error as the client makes it of an answer: it holds the command with its arguments. */
function reply(message: string): Error {
  return Object.assign(new Error(message), {
    name: 'ReplyError',
    command: { name: 'auth', args: ['user', 'hunter2'] },
  });
}

test.each([
  ['WRONGPASS invalid username-password pair or user is disabled.', 'login'],
  ['ERR AUTH <password> called without any password configured for the default user.', 'login'],
  ["NOPERM User app has no permissions to run the 'info' command", 'permission'],
  ["READONLY You can't write against a read only replica.", 'read_only'],
  ["ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write", 'read_only'],
  ['MISCONF Errors writing to the AOF file: No space left on device', 'cannot_write'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'full'],
  ['ERR something new', 'refused'],
])('%s', (message, trouble) => {
  expect(redisTroubleOf(reply(message))).toBe(trouble);
  const words = describeRedisError(new Error('ours', { cause: reply(message) }));
  expect(words).toContain(message.replace(/\.$/, ''));
  expect(words).not.toMatch(/hunter2|\n/);
});

test('a password that is asked for and not given is told as that, with where to write it', () => {
  const error = reply('NOAUTH HELLO must be called with the client already authenticated, otherwise so on');
  expect(redisTroubleOf(error)).toBe('login');
  expect(describeRedisError(error)).toMatch(
    /^Redis asks for a password, and REDIS_URL has none \(NOAUTH\)\. Write redis:\/\/user:password@/,
  );
});

test('arguments that Redis quotes are left out', () => {
  const error = reply("ERR unknown command 'AUTH', with args beginning with: 'user' 'hunter2' ");
  expect(describeRedisError(error)).toBe("Redis refuses a command: ERR unknown command 'AUTH'.");
});

test('a transaction tells of the command that was refused', () => {
  const error = Object.assign(reply('EXECABORT Transaction discarded because of previous errors.'), {
    previousErrors: [reply('MISCONF Redis is configured to save RDB snapshots')],
  });
  expect(redisTroubleOf(error)).toBe('cannot_write');
});

test('what no answer came to is told apart from what has nothing to do with Redis', () => {
  expect(redisTroubleOf(new Error('Connection is closed.'))).toBe('unreachable');
  expect(redisTroubleOf(new Error('connect ECONNREFUSED 127.0.0.1:1'))).toBeNull();
  expect(describeRedisError('a text')).toBeNull();
});
