import { printNote } from './print.js';

/** From then on silence looks as if nothing happened. */
const SILENT_MS = 1_000;

/** Says that Redis is waited for where it does not answer within a second. @param url may hold a password */
export async function waitingForRedis<T>(url: string, opening: Promise<T>): Promise<T> {
  const timer = setTimeout(async () => {
    const { placeOf } = await import('@meterbridge/queue');
    printNote(`Waiting for Redis at ${placeOf(url)} …`);
  }, SILENT_MS);
  try {
    return await opening;
  } finally {
    clearTimeout(timer);
  }
}
