/** Control characters, what turns the direction of writing or is not seen, and what separates lines. */
const HIDDEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const HIDDEN_BUT_LAYOUT = /(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text of others as one line for a terminal: control characters are shown by their numbers, and command nothing.
 * They are written as JSON writes them, so that a JSON document stays what it is.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, asEscape);
}

/** The same of text that has lines of its own: line breaks and tabs stay. */
export function visibleLines(text: string): string {
  return text.replace(HIDDEN_BUT_LAYOUT, asEscape);
}

function asEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return SHORT[character] ?? units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
