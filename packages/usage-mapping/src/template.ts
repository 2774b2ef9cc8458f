/** One part of a template: text as it stands, or the first of several paths whose value is not null. */
export type TemplatePart = { text: string } | { paths: string[] };

/** A template read from text, or what is wrong with the text. */
export type SplitTemplate = { ok: true; parts: TemplatePart[] } | { ok: false; problem: string };

const OPENING = '${';

/**
 * Splits a template such as `${context.groupId | userId}:${properties.seat}` into its parts. A backslash takes the next
 * character as it is: `\$` in the text, and what a path has to escape. Whether the paths are paths is not looked at.
 */
export function splitTemplate(template: string): SplitTemplate {
  const parts: TemplatePart[] = [];
  let text = '';
  let at = 0;
  while (at < template.length) {
    if (template[at] === '\\') {
      if (at + 1 === template.length) return { ok: false, problem: 'a template may not end in a backslash' };
      text += template[at + 1];
      at += 2;
    } else if (template.startsWith(OPENING, at)) {
      const end = findUnescaped(template, '}', at + 2);
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how it is written
      if (end === -1) return { ok: false, problem: 'a "${" needs its "}"' };
      if (text !== '') parts.push({ text });
      text = '';
      parts.push({ paths: splitPaths(template.slice(at + 2, end)) });
      at = end + 1;
    } else {
      text += template[at];
      at += 1;
    }
  }
  if (text !== '') parts.push({ text });
  if (!parts.some((part) => 'paths' in part)) {
    return {
      ok: false,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how it is written
      problem: 'a template needs a path, as in "${userId}"; for a fixed text write { value: … }',
    };
  }
  return { ok: true, parts };
}

function splitPaths(text: string): string[] {
  const paths: string[] = [];
  let rest = text;
  for (;;) {
    const bar = findUnescaped(rest, '|', 0);
    if (bar === -1) return [...paths, rest.trim()];
    paths.push(rest.slice(0, bar).trim());
    rest = rest.slice(bar + 1);
  }
}

/** The first place of a character that no backslash stands before; -1 where there is none. */
function findUnescaped(text: string, character: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === character) return at;
  }
  return -1;
}
