import type { Token } from './lex.js';

const ESCAPES = 'expected \\\\, a quote, or one of \\* \\? \\[ \\] \\^ \\- (a backslash itself is \\\\)';

/**
 * Reads a string in either quote. `\\`, `\'` and `\"` are the character itself; an escape of the glob language
 * (`\*` and the like) stays as it is written, so that `match(event, 'a\*b')` means a literal star.
 * Any other escape is refused rather than guessed.
 */
export function readString(text: string, start: number): Token {
  const quote = text[start]!;
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]!;
    if (character === quote) return { kind: 'string', value, start, end: at + 1 };
    if (character !== '\\') {
      value += character;
      continue;
    }
    const escaped = text[++at];
    if (escaped === undefined) break;
    if (escaped === '\\' || escaped === '"' || escaped === "'") value += escaped;
    else if ('*?[]^-'.includes(escaped)) value += `\\${escaped}`;
    else {
      return {
        kind: 'bad',
        message: `found an unknown escape in a string, ${ESCAPES}`,
        start: at - 1,
        end: at + 1,
      };
    }
  }
  return {
    kind: 'bad',
    message: `found a string without its end, expected a closing ${quote}`,
    start,
    end: text.length,
  };
}

/** What may stand right behind a path without a space between. */
const AFTER_PATH = /[\s()[\],!=<>]/;

/** Reads a dotted path: `a-z A-Z 0-9 _ -` as they are, anything else behind a backslash. */
export function readPath(text: string, start: number): Token {
  const segments: string[] = [];
  let segment = '';
  let at = start;
  for (;;) {
    const character = text[at];
    if (character !== undefined && /[A-Za-z0-9_-]/.test(character)) {
      segment += character;
      at++;
    } else if (character === '\\' && at + 1 < text.length) {
      const escaped = String.fromCodePoint(text.codePointAt(at + 1)!);
      segment += escaped;
      at += 1 + escaped.length;
    } else if (character === '.' && segment !== '') {
      segments.push(segment);
      segment = '';
      at++;
    } else if (segment !== '' && (character === undefined || AFTER_PATH.test(character))) {
      return { kind: 'path', segments: [...segments, segment], start, end: at };
    } else return badPath(text, at);
  }
}

function badPath(text: string, at: number): Token {
  const point = text.codePointAt(at);
  const found = point === undefined ? 'the end' : JSON.stringify(String.fromCodePoint(point));
  return {
    kind: 'bad',
    message: `found ${found} in a field's path, expected a-z A-Z 0-9 _ - (any other character behind a backslash)`,
    start: at,
    end: at + 1,
  };
}
