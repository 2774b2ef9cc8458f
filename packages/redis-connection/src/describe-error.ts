/** What kind of trouble with Redis an error tells of, for a program to decide by. */
export type RedisTrouble =
  /** User or password are refused. */
  | 'login'
  /** The user may not do that. */
  | 'permission'
  /** It is no master. */
  | 'read_only'
  /** It takes no write: its disk or its own check of it fails. */
  | 'cannot_write'
  /** It is at its memory limit. */
  | 'full'
  /** Anything else that it refuses. */
  | 'refused'
  /** It cannot be reached, or does not answer. */
  | 'unreachable';

/** Redis tells kinds of errors apart by a word of their text: the first, or behind its own words for a script. */
const KINDS: [pattern: RegExp, trouble: RedisTrouble][] = [
  [/^(WRONGPASS|NOAUTH|ERR (AUTH|invalid password|Client sent AUTH))\b/, 'login'],
  [/(^|[ -])NOPERM\b|can't run this command or subcommand/, 'permission'],
  [/(^|[ -])(READONLY|MASTERDOWN)\b/, 'read_only'],
  [/(^|[ -])(MISCONF|NOREPLICAS)\b/, 'cannot_write'],
  [/(^|[ -])OOM\b/, 'full'],
];

/** What a client itself says where no answer of Redis came: it has no codes. */
const NO_ANSWER =
  /^(Connection is closed|Command timed out|Socket timeout|Stream isn't writeable|Reached the max retries|Command aborted|None of startup nodes|Failed to refresh slots|Cluster (isn't|is dis)|The Redis Cluster cannot|All sentinels are unreachable)/;

/** What an error of a Redis client tells of; null for one that is none. */
export function redisTroubleOf(error: unknown): RedisTrouble | null {
  const told = tellingError(error);
  if (!told) return null;
  if (!isReply(told)) return 'unreachable';
  return KINDS.find(([pattern]) => pattern.test(told.message))?.[1] ?? 'refused';
}

/**
 * An error of a Redis client as one sentence in Redis' own words: without the arguments of a command, which may be a
 * password, and without the URL. Null for an error that is none.
 */
export function describeRedisError(error: unknown): string | null {
  const told = tellingError(error);
  const trouble = redisTroubleOf(told);
  if (!told || !trouble) return null;
  const words = redisErrorWords(told);
  switch (trouble) {
    case 'login':
      if (/^NOAUTH\b/.test(words))
        // Its own words are of its protocol.
        return 'Redis asks for a password, and REDIS_URL has none (NOAUTH). Write redis://user:password@host:port, both percent-encoded.';
      return `Redis refuses the login: ${words}. Look at the user and the password in REDIS_URL, which are percent-encoded there.`;
    case 'permission':
      return `Redis forbids its user a command: ${words}. What the user needs: docs/configuration.md, Redis.`;
    case 'read_only':
      return `Redis is read-only: ${words}. REDIS_URL has to name the master.`;
    case 'cannot_write':
      return `Redis takes no write: ${words}.`;
    case 'full':
      return `Redis is at its memory limit: ${words}. See docs/runbook.md, Redis is full.`;
    case 'refused':
      return `Redis refuses a command: ${words}.`;
    case 'unreachable':
      return `Redis cannot be reached: ${words}.`;
  }
}

/** The error, or the one below it, that a Redis client has made. A MULTI tells of one of its commands. */
function tellingError(error: unknown, depth = 0): Error | null {
  if (!(error instanceof Error) || depth > 4) return null;
  const [first] = (error as { previousErrors?: unknown[] }).previousErrors ?? [];
  if (first instanceof Error) return first;
  if (isReply(error)) return error;
  // A cluster's client tells of the node that it asked last.
  const below = tellingError((error as { lastNodeError?: unknown }).lastNodeError ?? error.cause, depth + 1);
  return below ?? (NO_ANSWER.test(error.message) ? error : null);
}

function isReply({ name }: Error): boolean {
  return name === 'ReplyError';
}

/** What a Redis client's error says, on one line and without the arguments of a command. */
export function redisErrorWords(error: Error): string {
  const { code } = error as { code?: unknown };
  // A host that was tried at several addresses has no words of its own.
  return (error.message || String(code ?? error.name))
    .replace(/,? with args beginning with:.*$/s, '')
    .replace(/ script: [0-9a-f]{40}.*$/s, '')
    .replace(/\s+/g, ' ')
    .replace(/[.\s]+$/, '');
}
