/** Redis cannot be reached or did not answer in time; nothing of the request may be taken as stored. */
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

/** Redis' own error prefix for `maxmemory` reached under `noeviction`; EXECABORT when a MULTI met it. */
export function asStoreError(error: unknown): StoreUnavailableError | StoreFullError {
  const text = error instanceof Error ? error.message : '';
  const previous = (error as { previousErrors?: Error[] })?.previousErrors ?? [];
  const full = [text, ...previous.map((each) => each.message)].some((message) => message.startsWith('OOM'));
  return full
    ? new StoreFullError('Redis is at its memory limit', { cause: error })
    : new StoreUnavailableError('Redis cannot be reached', { cause: error });
}
