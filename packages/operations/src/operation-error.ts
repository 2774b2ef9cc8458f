/** Why an operation was not done, for a face to choose its words, an exit code or an HTTP status by. */
export type OperationErrorCode =
  /** Redis cannot be reached. */
  | 'redis_unreachable'
  /** Redis answers, and refuses the login, a command or any write. */
  | 'redis_refused'
  /** Redis is at its memory limit and takes no write. */
  | 'redis_full'
  /** Redis may lose what it is given, by its own settings. */
  | 'redis_unsafe'
  /** It may be done or not, or a failover would lose it: the same is to be asked for again. */
  | 'not_certain'
  /** A newer version wrote it, and only that one or a later one may touch it. */
  | 'newer_version'
  | 'unknown_destination'
  | 'unknown_source'
  | 'unknown_dead_letter'
  | 'unknown_replay'
  | 'unknown_finding'
  /** Somebody else was faster: it was replayed, edited or discarded, or is being replayed. */
  | 'conflict'
  /** What was asked for cannot be done with what there is. */
  | 'not_possible'
  /** A file cannot be read, or not to its end. */
  | 'file_unreadable'
  /** A file or a value can be read and is not right; every problem is named. */
  | 'invalid_input'
  /** It is at an API already as something else, or nobody knows whether it is. */
  | 'already_stored'
  /** The caller's signal ended it before anything was done. */
  | 'stopped';

/** Fails an operation in words that a person can act on; they hold no secret and no value of an event. */
export class OperationError extends Error {
  override name = 'OperationError';
  readonly code: OperationErrorCode;

  constructor(code: OperationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
