import { expect, test } from '@jest/globals';
import { parseFql } from './parse.js';

const OPERAND = 'expected a field, a value, a function or "("';
const TRAILING = 'expected an operator, "and", "or" or the end';

test.each([
  ['', 1, 1, `found the end, ${OPERAND}`],
  ['  \n ', 2, 2, `found the end, ${OPERAND}`],
  ['type =', 1, 7, `found the end, ${OPERAND}`],
  ['type = "track" and', 1, 19, `found the end, ${OPERAND}`],
  ['type = "track"\r\n  and or', 2, 7, `found "or", ${OPERAND}`],
  ['type == "track"', 1, 7, `found "=", ${OPERAND}`],
  ['type = "track" && event = "x"', 1, 16, 'found "&", expected'],
  ['type = "track" AND event = "x"', 1, 16, `found "AND", ${TRAILING}`],
  ['type "track"', 1, 6, `found a string, ${TRAILING}`],
  ['type = "track" )', 1, 16, `found ")", ${TRAILING}`],
  ['type = “track”', 1, 8, 'found "“" (U+201C), expected'],
  ['type\u00a0= "track"', 1, 5, 'found "\u00a0" (U+00A0), expected'],
  ['type = "track" 😀', 1, 16, 'found "😀" (U+1F600), expected'],
  ['userId = oops"', 1, 14, 'found "\\"" in a field\'s path, expected a-z'],
  ["userId = 'oops", 1, 10, "found a string without its end, expected a closing '"],
  ["userId = 'oops\\", 1, 10, "found a string without its end, expected a closing '"],
  ["event = 'a\\d'", 1, 11, 'found an unknown escape in a string, expected \\\\'],
  ['(type = "track"', 1, 16, 'found the end, expected an operator, "and", "or" or ")"'],
  ['type = "a" = "b"', 1, 12, 'found "=", expected "and", "or", ")" or the end'],
  ['!type = "a"', 1, 7, 'found "=", expected "and", "or" or the end: put a comparison behind "!"'],
  ['properties..plan = 1', 1, 12, 'found "." in a field\'s path'],
  ['properties. = 1', 1, 12, 'found " " in a field\'s path'],
  ['properties.$url = 1', 1, 12, 'found "$" in a field\'s path'],
  ['properties.plan\\', 1, 16, 'found "\\\\" in a field\'s path'],
  ['.event = "x"', 1, 1, 'found ".", expected'],
  ['event = 5x', 1, 9, 'found what begins like a number, expected one like 5, -5 or 0.5'],
  ['event = 1.2.3', 1, 9, 'found what begins like a number'],
  ['event = 0x10', 1, 9, 'found what begins like a number'],
  ['event = -', 1, 9, 'found what begins like a number'],
  ['event = 1e999', 1, 9, 'found a number too large to compare exactly'],
  ['event = 9007199254740993', 1, 9, 'found a number too large to compare exactly'],
  ['event in [', 1, 11, 'found the end, expected a string, a number, true, false or null'],
  ["event in ['a',]", 1, 15, 'found "]", expected a string, a number, true, false or null'],
  ["event in ['a' 'b']", 1, 15, 'found a string, expected "," or "]"'],
  ['event in [userId]', 1, 11, 'found "userId", expected a string, a number'],
  ['event in [[1]]', 1, 11, 'found "[", expected a string, a number'],
  ['nope(event)', 1, 1, 'found an unknown function, expected one of contains, match, length, lowercase'],
  ['true and constructor(event)', 1, 10, 'found an unknown function'],
  ['__proto__(event)', 1, 1, 'found an unknown function'],
  ['contains(event)', 1, 1, 'found 1 argument to contains, expected 2'],
  ["contains(event, 'a', 'b')", 1, 1, 'found 3 arguments to contains, expected 2'],
  ['length() = 0', 1, 1, 'found 0 arguments to length, expected 1'],
  ['length(event = 0', 1, 14, 'found "=", expected "," or ")"'],
  ["semver(context.v, '~', '1.0')", 1, 19, "found no operator in semver, expected one of '=', '!='"],
  ["semver(context.v, properties.op, '1.0')", 1, 19, 'found no operator in semver'],
  ['contains(event, 5)', 1, 17, 'found a number in contains, expected a string'],
  ['length(5) = 1', 1, 8, 'found a number in length, expected a list or string'],
  ['properties.tokens > "5"', 1, 21, 'found a string beside ">", expected a number'],
  ['lowercase(event) < 5', 1, 1, 'found a string beside "<", expected a number'],
  ["event in 'abc'", 1, 10, 'found a string behind "in", expected a list'],
  ["['a'] in properties.list", 1, 1, 'found a list before "in", expected a string or number or bool'],
  ['type = "track" or "page"', 1, 19, 'found a string as a condition, expected a bool'],
  ['lowercase(event)', 1, 1, 'found a string as a condition, expected a bool'],
  ['length(userId)', 1, 1, 'found a number as a condition, expected a bool'],
  ['!"track"', 1, 2, 'found a string as a condition, expected a bool'],
  ['5', 1, 1, 'found a number as a condition, expected a bool'],
] as const)('refuses %j at %i:%i', (text, line, column, message) => {
  const parsed = parseFql(text);
  expect(parsed).toEqual({
    ok: false,
    problem: { line, column, message: expect.stringContaining(message) },
  });
});

test.each([
  ['type == "track"', 'equality is written with one ='],
  ['type === "track"', 'equality is written with one ='],
  ['type <> "track"', 'unequal is written !='],
  ['properties.n => 5', '"at least" is written >='],
  ['properties.n =< 5', '"at most" is written <='],
  ['event =~ "a"', "a pattern is written match(event, 'a*')"],
  ['type = "track" & event = "x"', '"and" is written as a word'],
  ['type = "track" && event = "x"', '"and" is written as a word'],
  ['type = "track" || event = "x"', '"or" is written as a word'],
  ['type = "track" AND event = "x"', 'write it in lower case'],
  ['event IN ["a"]', 'write it in lower case'],
  ['type = “track”', 'straight quotes'],
  ['type = `track`', 'straight quotes'],
  ['type\u00a0= "track"', 'an ordinary space'],
  ['event in ("a", "b")', "a list stands in brackets: event in ['a', 'b']"],
  ['event not in ["a"]', "write !(event in ['a', 'b'])"],
  ['not type = "track"', 'write ! and parentheses'],
  ['type = "track" and NOT (event = "a")', 'write ! and parentheses'],
  ['userId is null', 'write = null or != null'],
  ['event like "a%"', "match(event, 'a*')"],
  ['event contains "a"', "write contains(event, 'text')"],
  ['type = "track" and event = API Call', 'text stands in quotes: event = "API Call"'],
  ['type = "track";', 'one condition'],
  ['type = "track" event = "a"', null],
  ['type =', null],
  ['= "track"', null],
] as const)('says of %j what to write', (text, advice) => {
  const parsed = parseFql(text);
  const message = parsed.ok ? 'it was read' : parsed.problem.message;
  if (advice === null) expect(message).not.toContain(';');
  else expect(message).toMatch(/^found .*, expected .*; /);
  expect(message).toContain(advice ?? 'expected');
});

test.each([
  ['(', '(', 100_000],
  ['!', '!', 60_000],
  ['length(', 'length(', 9_000],
  ['(', '(', 65],
])('refuses nesting without end: %s', (_name, open, times) => {
  const parsed = parseFql(open.repeat(times));
  expect(parsed).toMatchObject({
    ok: false,
    problem: { message: expect.stringMatching(/^found .*expected/) },
  });
});

test('reads 64 levels and refuses the 65th', () => {
  const wrap = (levels: number) => `${'('.repeat(levels)}true${')'.repeat(levels)}`;
  expect(parseFql(wrap(64)).ok).toBe(true);
  expect(parseFql(wrap(65))).toMatchObject({ problem: { line: 1, column: 66 } });
});

test('refuses a text that is too long to be a filter', () => {
  const text = `type = "${'a'.repeat(65_536)}"`;
  expect(parseFql(text)).toMatchObject({
    problem: { message: 'found 65545 characters, expected at most 65536' },
  });
});

test('never repeats the strings of a filter in a problem', () => {
  const parsed = parseFql("userId 'ada@example.test'");
  expect(JSON.stringify(parsed)).not.toContain('ada');
});

test('gives a tree whose shape holds precedence', () => {
  expect(parseFql('a or b and c')).toMatchObject({
    ok: true,
    ast: { kind: 'or', operands: [{ segments: ['a'] }, { kind: 'and', start: 5, end: 12 }] },
  });
});
