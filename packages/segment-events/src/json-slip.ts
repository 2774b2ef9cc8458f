/** Where a text stops being JSON, counted from 1, and what had to stand there. */
export type JsonSlip = { line: number; column: number; expected: string };

type State = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'more' | 'end';

const SPACE = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what may not stand in a string as it is
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const PLAIN = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

const EXPECTED: Record<State, string> = {
  value: 'a value',
  'first value': 'a value or ]',
  key: 'a name in double quotes',
  'first key': 'a name in double quotes, or }',
  colon: 'a colon',
  more: 'a comma or the end of the list or object',
  end: 'nothing more',
};

/** Finds the first slip of a text that is not JSON, for a person who wrote it. Shows nothing of it. Pure. */
export function findJsonSlip(text: string): JsonSlip | undefined {
  const open: ('{' | '[')[] = [];
  let state: State = 'value';
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const slip = (expected = EXPECTED[state]): JsonSlip => {
    const before = text.slice(0, at).split('\n');
    return { line: before.length, column: before.at(-1)!.length + 1, expected };
  };
  const matches = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const afterValue = (): State => (open.length === 0 ? 'end' : 'more');

  for (;;) {
    matches(SPACE);
    const char = text[at];
    if (char === undefined) return state === 'end' ? undefined : slip();
    const isKey: boolean = state === 'key' || state === 'first key';
    const isValue: boolean = state === 'value' || state === 'first value';
    const closes = char === '}' ? '{' : char === ']' ? '[' : undefined;
    const mayClose = state === 'more' || state === (char === '}' ? 'first key' : 'first value');
    if (closes && mayClose && open.at(-1) === closes) {
      open.pop();
      at += 1;
      state = afterValue();
    } else if (state === 'more' && char === ',') {
      at += 1;
      state = open.at(-1) === '{' ? 'key' : 'value';
    } else if (state === 'colon' && char === ':') {
      at += 1;
      state = 'value';
    } else if ((isKey || isValue) && char === '"') {
      matches(STRING);
      if (text[at] !== '"') return slip('a closing quote, or a character that needs none of \\');
      at += 1;
      state = isKey ? 'colon' : afterValue();
    } else if (isValue && (char === '{' || char === '[')) {
      open.push(char);
      at += 1;
      state = char === '{' ? 'first key' : 'first value';
    } else if (isValue && matches(PLAIN)) state = afterValue();
    else return slip();
  }
}
