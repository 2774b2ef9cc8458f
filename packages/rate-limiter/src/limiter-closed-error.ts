/** The limiter was closed before the job got its permit. The job did not run. */
export class LimiterClosedError extends Error {
  override readonly name = 'LimiterClosedError';
  readonly code = 'limiter_closed';

  constructor() {
    super('The rate limiter was closed before the job started');
  }
}
