import { lastAttempt, type Tries } from '@meterbridge/delivery';
import { shortTime } from '../../terminal/short-time.js';

/** Each attempt that is remembered: its number, and when and how it failed. */
export function listAttempts(tries: Tries): [string, string][] {
  const { attempts, earlier = [] } = tries;
  const known = [...earlier, lastAttempt(tries)];
  return known.map(({ at, code, status, detail }, index) => {
    // The first is always kept, and of the others the newest.
    const number = index === 0 && earlier.length > 0 ? 1 : attempts - known.length + 1 + index;
    return [
      `attempt ${number}`,
      [shortTime(at), code, detail ?? (status && `HTTP ${status}`)].filter(Boolean).join(', '),
    ];
  });
}
