import { InvalidArgumentError } from 'commander';
import { readSince, readTime } from './read-since.js';

/** @throws InvalidArgumentError, which commander prints with the option's name */
export function readCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('a whole number from 1 was expected.');
  return Number(text);
}

/** @throws InvalidArgumentError, as above */
export function readPercent(text: string): number {
  const percent = /^\d{1,3}(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (percent <= 0 || percent > 100)
    throw new InvalidArgumentError('a percentage above 0, up to 100, was expected.');
  return percent;
}

/** Hours since 1970, of a time or of so long ago. */
export function readSinceHour(text: string): number {
  const hour = readSince(text, Date.now());
  if (hour === null) {
    throw new InvalidArgumentError(A_TIME);
  }
  return hour;
}

/** Epoch milliseconds, of a time or of so long ago. */
export function readMoment(text: string): number {
  const at = readTime(text, Date.now());
  if (at === null) throw new InvalidArgumentError(A_TIME);
  return at;
}

/** Epoch milliseconds. A moment that goes with the clock would be another one when it is resumed. */
export function readFixedMoment(text: string): number {
  const at = /^\d+[mhd]$/.test(text) ? null : readTime(text, Date.now());
  if (at === null) throw new InvalidArgumentError('2026-08-01 or 2026-08-01T14:00Z was expected.');
  return at;
}

const A_TIME = '90m, 24h, 7d, 2026-08-01 or 2026-08-01T14:00 was expected.';
