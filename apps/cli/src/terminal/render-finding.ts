import type { Finding } from '@meterbridge/operations';
import { style } from './style.js';

export const MARK = { ok: '✓', warn: '!', fail: '✗' } as const;
const COLOUR = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** One thing that was looked at, in a line. Print the result with `print`. */
export function renderFinding({ level, what, detail }: Finding): string {
  return `${style(COLOUR[level], MARK[level])} ${what}: ${detail}`;
}
