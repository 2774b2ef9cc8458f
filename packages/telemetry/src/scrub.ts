/** Shorter ones would take ordinary words out of the log, and protect nothing. */
const SHORTEST_SECRET = 6;

export const REDACTED = '[redacted]';

/**
 * Makes a function that takes given secrets out of a line of JSON, wherever they stand in it: in a URL, in
 * an error's message, or as the user of a Basic authorization. The last line of defence, for what no
 * field name gives away.
 */
export function createScrubber(secrets: string[]): (line: string) => string {
  const forms = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      Buffer.from(`${secret}:`).toString('base64'),
    ]);
  if (forms.length === 0) return (line) => line;
  // The longest first: one secret may begin with another.
  const patterns = [...new Set(forms)].toSorted((a, b) => b.length - a.length).map(escapeForRegExp);
  const pattern = new RegExp(patterns.join('|'), 'g');
  return (line) => line.replace(pattern, REDACTED);
}

/** A scrubber that learns secrets while it runs. */
export type LearningScrubber = {
  scrub: (line: string) => string;
  /** From now on these are taken out, too; those of before still are, since requests under way carry them. */
  learn(secrets: readonly string[]): void;
};

/** Makes a scrubber for a process whose secrets are replaced while it runs. */
export function createLearningScrubber(secrets: readonly string[]): LearningScrubber {
  const known = new Set(secrets);
  let scrub = createScrubber([...known]);
  return {
    scrub: (line) => scrub(line),
    learn(more) {
      for (const secret of more) known.add(secret);
      scrub = createScrubber([...known]);
    },
  };
}

function escapeForRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
