import { expect, test } from '@jest/globals';
import { isAccounting, isCommitted, isKeeping, isSettled, isSettlement } from './moments.js';

/** A command as it is sent: each argument with its length. */
const command = (...args: string[]) =>
  Buffer.from(`*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`);

const LEDGER = 'meterbridge:{lago}:ledger';
/** Whatever its text is, and also where that names what is counted. */
const SCRIPT = "redis.call('HINCRBY', KEYS[2], 'delivered', ARGV[9]); return 'settled'";

const counted = command('EVAL', SCRIPT, '2', 'job', LEDGER, '7', 'delivered', '100');
const dead = command('EVAL', SCRIPT, '2', 'job', LEDGER, '7', 'dead', '1', 'dead:refused', '1');
const kept = command('EVAL', SCRIPT, '2', 'job', LEDGER, '7', '0', '0');
const fetched = command('EVALSHA', 'abc', '1', 'meterbridge:{lago}:deliveries:wait');

test.each<[string, Buffer, { accounting: boolean; settlement: boolean; keeping: boolean }]>([
  ['a settlement', counted, { accounting: true, settlement: true, keeping: false }],
  ['one of dead letters', dead, { accounting: true, settlement: true, keeping: false }],
  ['a look-up that is kept', kept, { accounting: true, settlement: false, keeping: true }],
  ['taking a job', fetched, { accounting: false, settlement: false, keeping: false }],
])('%s is told apart by its arguments', (_what, piece, { accounting, settlement, keeping }) => {
  expect([isAccounting(piece), isSettlement(piece), isKeeping(piece)]).toEqual([
    accounting,
    settlement,
    keeping,
  ]);
});

test('an answer is known by what it says', () => {
  expect(isSettled(Buffer.from('$7\r\nsettled\r\n'))).toBe(true);
  expect(isSettled(Buffer.from('$5\r\nstale\r\n'))).toBe(false);
  expect(isCommitted(Buffer.from('+OK\r\n+QUEUED\r\n*1\r\n:1\r\n'))).toBe(true);
  expect(isCommitted(Buffer.from('$7\r\nsettled\r\n'))).toBe(false);
});
