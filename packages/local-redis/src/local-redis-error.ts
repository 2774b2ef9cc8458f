export type LocalRedisErrorCode =
  /** No server on the PATH, and none could be installed. */
  | 'server_missing'
  /** apt-get was tried and failed; the message holds the end of its output. */
  | 'install_failed'
  /** A living Redis of ours already works in the data directory. */
  | 'data_dir_in_use'
  /** What says who works in the data directory cannot be read. */
  | 'claim_damaged'
  /** The asked-for port belongs to somebody else. */
  | 'port_taken'
  /** The server ended, or did not become ready; the message holds the end of its log. */
  | 'start_failed';

/** Why a Redis of our own could not be found, installed or started. The message says what to do. */
export class LocalRedisError extends Error {
  override readonly name = 'LocalRedisError';
  readonly code: LocalRedisErrorCode;

  constructor(code: LocalRedisErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
