import { expect, test } from '@jest/globals';
import { compileFilter, describeFilterProblem } from './check-filter.js';

function problemsOf(text: string): string[] {
  const checked = compileFilter(text);
  return checked.ok ? [] : checked.problems.map(describeFilterProblem);
}

test.each<[string, string]>([
  // fields that no event has
  [
    'evnt = "API Call"',
    'line 1, column 1: found evnt, which no event of Segment has at its root; did you mean event?',
  ],
  ['type = "track" and propertes.tokens > 0', 'column 20: found propertes, which no event'],
  ['type = "track" and !propertes.test', 'did you mean properties.test?'],
  ['length(itms) > 0 or event = "a"', 'column 8: found itms'],
  ['contains(traitz.email, "@x")', 'did you mean traits.email?'],
  ['tokens > 5', 'did you mean properties.tokens?'],
  ['event.name = "a"', 'event is text and holds no fields'],
  ['writeKey = "a"', 'name the source instead'],
  ['(evnt = "a") = (type = "track")', 'column 2: found evnt'],
  // words that a field never is
  ['type = "Track"', 'column 8: found a string that type never is; did you mean "track"?'],
  ['type != "pages"', 'did you mean "page"?'],
  ['"tracks" = type', 'column 1: found a string that type never is; did you mean "track"?'],
  ['type in ["track", "Identify"]', 'did you mean "identify"?'],
  ['event = "a" or type = "charge"', 'expected one of track, identify, page, screen, group, alias'],
  [
    'typeof(properties.a) = "boolean"',
    'found a string that typeof(properties.a) never is; expected one of string, number, bool, list',
  ],
  ['!(typeof(properties.a) = "array")', 'expected one of string, number, bool, list'],
  ['type = "delete"', 'type = "…", which is true of no event'],
  ['lowercase(event) = "API Call"', 'found a string that lowercase(event) never is'],
  ['lowercase(event) in ["api call", "API Call"]', 'found a string that lowercase(event) never is'],
  ['snakecase(event) != "API Call"', 'found a string that snakecase(event) never is'],
  ['length(properties.items) = -1', 'found a number that length(properties.items) never is'],
  ['length(properties.items) < 0', 'is true of no event'],
  // types that a field never has
  [
    'userId = 5',
    'found a number beside userId, which is a string: they are never equal; did you mean it in quotes?',
  ],
  ['userId != 5', 'never equal'],
  ['5 = userId', 'column 1: found a number beside userId'],
  ['userId in [1, 2]', 'found a list without a string, which is all that userId can be'],
  ['properties = "a"', 'found a string beside properties, which is an object: they are never equal'],
  ['properties', 'found properties, which is an object and never true; did you mean properties != null?'],
  ['!userId', 'did you mean userId != null?'],
  ['timestamp > 5', 'found timestamp, which is a string, expected a number'],
  ['length(properties.items) = "3"', 'did you mean it without quotes?'],
  ['length(context) > 0', 'found context, which is an object, expected a list or a string in length'],
  ['contains(properties, "a")', 'expected a string in contains'],
  ['"a" in traits', 'found traits, which is an object, expected a list'],
  ['messageId = null', 'is true of no event'],
  ['!(type != null)', 'which is true of every event, and excludes all behind "!"'],
  // texts that fit nothing
  ['match(event, "API [")', 'found a pattern that matches nothing'],
  ['semver(context.app.version, ">", "latest")', 'found a text that is no version'],
  // conditions that exclude each other
  [
    'type = "track" and type = "page"',
    'column 20: found type = "…", which excludes type = "…" in column 1: no event is both; expected "or" between them',
  ],
  [
    'event = "a" and properties.x = 1 and event = "b"',
    'column 38: found event = "…", which excludes event = "…" in column 1',
  ],
  [
    'event = "a" and\nevent in ["b", "c"]',
    'line 2, column 1: found event in ["…", "…"], which excludes event = "…" in column 1',
  ],
  ['event = "a" and event != "a"', 'which excludes event = "…" in column 1: no event is both'],
  ['event = "a" and !(event in ["a", "b"])', 'no event is both'],
  [
    'properties.n > 5 and properties.n < 3',
    'found properties.n < 3, which excludes properties.n > 5 in column 1',
  ],
  ['properties.n > 5 and properties.n <= 5', 'excludes'],
  ['5 > properties.n and properties.n > 5', 'excludes'],
  ['properties.n > 5 and properties.n = 5', 'excludes'],
  ['properties.n > 5 and properties.n = "6"', 'excludes'],
  ['properties.n >= 5 and properties.n = null', 'excludes'],
  ['properties.test and !properties.test', 'excludes'],
  ['contains(event, "a") and !contains(event,"a")', 'excludes'],
  ['type = "page" or (type = "track" and event = "a" and event = "b")', 'excludes'],
  ['!(event != "a" or event != "b")', 'excludes'],
  ['type = "track" and (type = "page" or type = "screen")', 'excludes'],
  ['event in ["a", "b"] and event != "a" and event != "b"', 'exclude each other'],
  ['type in []', 'is true of no event'],
])('%s can never match', (text, message) => {
  expect(problemsOf(text).join('\n')).toContain(message);
});

test('everything wrong is told at once, and no string that is compared with', () => {
  const problems = problemsOf('evnt = "jane@example.com" or type = "hunter2" or userId = 5');
  expect(problems).toHaveLength(3);
  expect(problems.join('\n')).not.toMatch(/jane|hunter2/);
});

test.each([
  ['type = "track" and event = "API Call"'],
  ['type = "track" and match(event, "API *") and properties.tokens > 0'],
  ['type = "identify" and !(contains(traits.email, "@example.com"))'],
  ['type = "track" and (context.groupId != null or properties.team_id != null)'],
  ['type = "track" or type = "page"'],
  ['event = "a" or event = "b"'],
  ['event != "a" and event != "b"'],
  ['event != "a" or event != "b"'],
  ['type != "delete"'],
  ['!(type in ["delete", "page"])'],
  ['event = null'],
  ['type != null and userId != null'],
  ['event = "a" and type = "identify"'],
  ['match(event, "*") and match(event, "A?")'],
  ['match(event, "A*") and match(event, "B*")'],
  ['match(event, properties.pattern)'],
  ['contains(event, "a") and contains(event, "b")'],
  ['contains(event, "a") and !contains(event, "b")'],
  ['properties.n > 3 and properties.n < 5'],
  ['properties.n >= 5 and properties.n <= 5'],
  ['properties.n > 5 or properties.n < 3'],
  ['properties.n != 5 and properties.n > 4'],
  ['!(properties.n > 5) and !(properties.n <= 5)'],
  ['properties.a = "x" and properties.b = "y"'],
  ['properties.a = properties.b and properties.a != "x"'],
  ['properties.event = "a" and event = "b"'],
  ['event = properties.name'],
  ['properties.userId = 5'],
  ['traits.type = "Track"'],
  ['lowercase(event) = "api call"'],
  ['lowercase(event) = null'],
  ['uppercase(event) = "API" and lowercase(event) = "api"'],
  ['length(properties.items) = 0'],
  ['length(properties.items) <= 0'],
  ['number(properties.n) > 5'],
  ['typeof(properties.n) in ["number", "null"]'],
  ['string(userId) = "5"'],
  ['"a" in properties.list and "b" in properties.list'],
  ['properties.list = [] or properties.list = ["a"]'],
  ['semver(context.app.version, ">=", "1.9") and semver(context.app.version, "<", "2")'],
  ['category = "a" and version = 2 and sentAt != null'],
  ['_metadata.bundled = []'],
  ['\\tenant = "a" and \\evnt != null'],
  ['true'],
  ['false'],
  ['event = "a" and (properties.x = 1 or event = "b" or properties.y)'],
])('%s may match', (text) => {
  expect(problemsOf(text)).toEqual([]);
});

test('a filter of thousands of conditions is checked in good time', () => {
  const all = (join: string, condition: (index: number) => string) =>
    Array.from({ length: 1_500 }, (_, index) => condition(index)).join(join);
  const before = process.cpuUsage();
  for (const text of [
    all(' or ', (index) => `event = "e${index}"`),
    all(' and ', (index) => `event != "e${index}"`),
    all(' and ', (index) => `properties.p${index} = 1`),
    all(' and ', (index) => `(a.p${index} = 1 or a.q${index} = 2)`).replaceAll('a.', '\\a.'),
  ]) {
    expect(problemsOf(text)).toEqual([]);
  }
  expect(process.cpuUsage(before).user).toBeLessThan(20_000_000);
});
