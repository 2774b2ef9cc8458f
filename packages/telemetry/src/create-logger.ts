import {
  type DestinationStream,
  type LevelWithSilent,
  type LogFn,
  type Logger,
  pino,
  stdTimeFunctions,
} from 'pino';
import { describeError } from './describe-error.js';
import { redactFields } from './redact-fields.js';
import { createScrubber } from './scrub.js';

export type { Logger } from 'pino';

export type LoggerOptions = {
  /** The process: receiver, worker, cli. */
  name: string;
  level: LevelWithSilent;
  /** Values that must never be printed, whatever field they are in: keys, write keys, webhook secrets. */
  secrets?: string[];
  /** The same for secrets that change while the process runs (`createLearningScrubber`); goes before `secrets`. */
  scrub?: (line: string) => string;
  /** Default: stdout. */
  destination?: DestinationStream;
};

/**
 * Makes a logger that writes one JSON object a line, with an ISO time and the level as a word. Fields that
 * are named like a secret are redacted down to the third level, given secrets everywhere. Payloads are not
 * redacted: do not log them.
 */
export function createLogger({ name, level, secrets = [], destination, ...given }: LoggerOptions): Logger {
  const scrub = given.scrub ?? createScrubber(secrets);
  const options = {
    level,
    base: { name, pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), bindings: redactFields, log: redactFields },
    serializers: { err: describeError, error: describeError },
    hooks: { streamWrite: scrub, logMethod: nameTheError },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Without a message of its own, a line would take the error's as it is. */
function nameTheError(this: Logger, args: Parameters<LogFn>, log: LogFn): void {
  const [first, message] = args as unknown[];
  const fields = first instanceof Error ? { err: first } : (first as { err?: unknown } | undefined);
  if (message !== undefined || !(fields?.err instanceof Error)) {
    log.apply(this, args);
    return;
  }
  const { message: own, type } = describeError(fields.err);
  log.apply(this, [fields, own ?? type]);
}
