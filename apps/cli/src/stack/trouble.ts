/** A process' log line that a person should see, and by what another is the same trouble again. */
export type Trouble = { level: 'warn' | 'error'; words: string; kind: string };

const LEVELS: Readonly<Record<string, Trouble['level']>> = { warn: 'warn', error: 'error', fatal: 'error' };
/** What tells one trouble from another of the same name. */
const KIND = ['destination', 'source', 'reason', 'code', 'change', 'what'] as const;

/**
 * Reads a warning or an error out of a line of log. What is no JSON is what a process printed for people, and is one,
 * too: it could not start. Pure.
 * @returns null for any other line
 */
export function readTrouble(name: string, line: string): Trouble | null {
  const fields = parse(line);
  if (fields === null) return line.trim() === '' ? null : { level: 'error', words: line, kind: line };
  const level = LEVELS[String(fields.level)];
  if (level === undefined) return null;
  const { msg, err, detail } = fields as { msg?: unknown; err?: { message?: unknown }; detail?: unknown };
  const kinds = KIND.flatMap((key) => (typeof fields[key] === 'string' ? [fields[key] as string] : []));
  const event = String(msg ?? '');
  const why = [err?.message, detail].filter((each) => typeof each === 'string' && each !== event);
  return {
    level,
    words: [`${name}: ${event}`, kinds.join(' '), ...why].filter((part) => part !== '').join(', '),
    // What two processes say of one Redis is one trouble.
    kind: [event, ...kinds].join(' '),
  };
}

function parse(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
