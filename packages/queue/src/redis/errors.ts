import { redisTroubleOf } from '@meterbridge/redis-connection';

/** Redis cannot be reached, did not answer in time or refused it; nothing of the request may be taken as stored. */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError';
  readonly code = 'store_unavailable';
}

/** Redis has no room for more events; try again later. */
export class StoreFullError extends Error {
  override name = 'StoreFullError';
  readonly code = 'store_full';
  readonly retryAfterSeconds = 5;
}

/**
 * The books would not add up after a write: a bug, or a hand in Redis' keys. Nothing of it was written, and to say it
 * again is no use.
 */
export class BooksRefusedError extends Error {
  override name = 'BooksRefusedError';
  readonly code = 'books_refused';
}

/**
 * What Redis did not do, in our words. Redis tells kinds of errors apart by the first word of their text: OOM for
 * `maxmemory` reached under `noeviction`, BOOKS for a refusal by our own scripts (ledger/book.lua).
 */
export function asStoreError(error: unknown): StoreUnavailableError | StoreFullError | BooksRefusedError {
  if (error instanceof BooksRefusedError) return error;
  if (isOutOfMemory(error)) return new StoreFullError('Redis is at its memory limit', { cause: error });
  const refusal = asRefusal(error);
  if (refusal) return refusal;
  const trouble = redisTroubleOf(error);
  const isRefused = trouble !== null && trouble !== 'unreachable';
  return new StoreUnavailableError(isRefused ? 'Redis takes no write' : 'Redis cannot be reached', {
    cause: error,
  });
}

/** Whether Redis refused a write since it is full. A MULTI tells it of one of its commands. */
export function isOutOfMemory(error: unknown): boolean {
  const previous = (error as { previousErrors?: Error[] })?.previousErrors ?? [];
  // Before Redis 7 a script's error has words of its own before that of its command.
  return [error, ...previous].some((each) => each instanceof Error && /(^|[ -])OOM /.test(each.message));
}

/** The refusal that an error of Redis tells of; null where it tells of another thing. */
export function asRefusal(error: unknown): BooksRefusedError | null {
  const text = error instanceof Error ? error.message : '';
  return text.startsWith('BOOKS ')
    ? new BooksRefusedError(`the books refuse it: ${text.slice('BOOKS '.length)}`, { cause: error })
    : null;
}
