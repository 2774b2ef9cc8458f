import type { FailureCode, HoldCode, UsageEvent, Verdict } from '@meterbridge/delivery';
import { codeOfRefusal, showControls } from '@meterbridge/destinations';

/** Why a request failed, fit for logs and for people. */
export type FailedRequest<Code = FailureCode | HoldCode> = { code: Code; cause: string };

const MAX_CAUSE = 300;
/** A shorter value is hidden only where it stands by itself: it may be a part of any word. */
const SHORTEST_HIDDEN_ANYWHERE = 4;
export const HIDDEN = '[value]';

/**
 * The code and the cause of a request that failed as a whole, or of its first event that was refused; nothing
 * where all went well, or where the API only said to wait.
 */
export function readFailure(verdict: Verdict): (FailedRequest & { speaks: boolean }) | undefined {
  switch (verdict.verdict) {
    case 'rate-limited':
      return undefined;
    case 'settled': {
      const failed = verdict.entries.find((entry) => entry.outcome === 'failed');
      return failed?.outcome === 'failed'
        ? { code: failed.code, cause: failed.detail ?? '', speaks: true }
        : undefined;
    }
    case 'transient':
    case 'hold':
      return { code: verdict.code, cause: verdict.detail, speaks: verdict.status !== undefined };
    case 'smaller':
      return { code: 'too_large', cause: verdict.detail, speaks: true };
    case 'refused':
      return { code: codeOfRefusal(verdict.status), cause: verdict.detail, speaks: true };
  }
}

/** What takes secrets out of a text. */
export type Scrub = (text: string) => string;

/**
 * Makes a cause printable. An API may repeat in its answer what it was sent or what it was asked with: values and
 * secrets are taken out, and what a terminal would obey is shown.
 * @param values of what was sent; asked for only where the API said something
 */
export function describeFailure(
  verdict: Verdict,
  values: () => Iterable<string>,
  scrub: Scrub,
): FailedRequest | undefined {
  const failure = readFailure(verdict);
  if (!failure) return undefined;
  const { code, cause, speaks } = failure;
  // The status is ours, and no value even where a value looks like it.
  const [, status = '', words = ''] = /^(HTTP \d+(?:: )?)?(.*)$/s.exec(cause)!;
  const hidden = speaks && words !== '' ? hideValues(words, values()) : words;
  const clean = showControls(scrub(`${status}${hidden}`));
  return { code, cause: clean.length <= MAX_CAUSE ? clean : `${clean.slice(0, MAX_CAUSE - 1)}…` };
}

/** The text without any of the values, also without the beginning of one where the text was cut. */
export function hideValues(text: string, values: Iterable<string>): string {
  const found = new Set<string>();
  for (const value of values) {
    if (value !== '' && text.includes(value)) found.add(value);
    const start = startOfCut(text, value);
    if (start) found.add(start);
  }
  if (found.size === 0) return text;
  // The longest first: one value may be a part of another.
  const patterns = [...found].toSorted((one, other) => other.length - one.length).map(toPattern);
  return text.replace(new RegExp(patterns.join('|'), 'gu'), HIDDEN);
}

/** What a cut text ends with of a value; undefined where that is nothing, or too little to tell. */
function startOfCut(text: string, value: string): string | undefined {
  const start = value.slice(0, SHORTEST_HIDDEN_ANYWHERE);
  if (!text.endsWith('…') || start.length < SHORTEST_HIDDEN_ANYWHERE) return undefined;
  for (let at = text.indexOf(start); at !== -1; at = text.indexOf(start, at + 1)) {
    const rest = text.slice(at, -1);
    if (value.startsWith(rest)) return rest;
  }
  return undefined;
}

function toPattern(value: string): string {
  const literal = value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  if (value.length >= SHORTEST_HIDDEN_ANYWHERE) return literal;
  return `(?<![\\p{L}\\p{N}_])${literal}(?![\\p{L}\\p{N}_])`;
}

/** All texts and numbers in the bodies of usage events. */
export function* valuesOf(usages: readonly Pick<UsageEvent, 'body'>[]): Generator<string> {
  for (const { body } of usages) yield* leavesOf(JSON.parse(body));
}

function* leavesOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'number') yield String(value);
  else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) yield* leavesOf(inner);
  }
}
