import fc from 'fast-check';
import { anyCharacter } from './any-character.js';

/** Keys that mean something to JavaScript, to a parser or to Segment. */
const TELLING_KEYS = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'toJSON', 'then', 'hasOwnProperty'],
  ...['length', '', '0', '-1', 'writeKey', 'batch', 'json', 'context', 'properties', 'traits', 'messageId'],
];

/** Text with what breaks careless code: NUL, halves of characters, quotes, backslashes, long runs. */
const hostileText = fc.oneof(
  { weight: 40, arbitrary: fc.string({ unit: anyCharacter, maxLength: 20 }) },
  {
    weight: 40,
    arbitrary: fc.string({
      unit: fc.constantFrom('\u0000', '\ud800', '\udfff', '"', '\\', 'é', '\u2028', '😀'),
    }),
  },
  { weight: 40, arbitrary: fc.constantFrom(...TELLING_KEYS) },
  { weight: 1, arbitrary: fc.constant('x'.repeat(40_000)) },
);

const hostileKey = fc.oneof(
  fc.constantFrom(...TELLING_KEYS),
  fc.string({ unit: anyCharacter, maxLength: 8 }),
);

/** A key as JSON writes it, or with its first character escaped, which readers must take for the same key. */
const keyText = fc
  .tuple(hostileKey, fc.boolean())
  .map(([key, isEscaped]) =>
    isEscaped && key !== ''
      ? `"\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(key.slice(1)).slice(1)}`
      : JSON.stringify(key),
  );

const NUMBERS = [
  ...['-0', '0', '1e999', '-1e999', '1e-400', '5e-324', '1e20', '1E+2', '-1.5', '0.1234567890123456789'],
  ...['9007199254740991', '9007199254740993', '-123456789012345678901234567890', '12345678901234567.25'],
];

const scalarText = fc.oneof(
  fc.constantFrom('null', 'true', 'false', '{}', '[]', ...NUMBERS),
  fc.double().map((number) => (Number.isFinite(number) ? String(number) : '0')),
  hostileText.map((text) => JSON.stringify(text)),
);

/**
 * JSON as text, since most of what is hostile about it no object can show: the same key twice, keys spelled
 * with escapes, numbers beyond a double, `__proto__`, thousands of levels.
 */
export const hostileJson: fc.Arbitrary<string> = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    { weight: 20, arbitrary: scalarText },
    { weight: 20, arbitrary: fc.array(tie('json'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`) },
    {
      weight: 20,
      arbitrary: fc
        .array(fc.tuple(keyText, tie('json')), { maxLength: 4 })
        .map((fields) => `{${fields.map(([key, value]) => `${key}:${value}`).join(',')}}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(['[', ']'], ['{"a":', '}']), fc.constantFrom(2, 31, 33, 1_000))
        .map(([[open, close], levels]) => `${open!.repeat(levels)}null${close!.repeat(levels)}`),
    },
  ),
})).json;

const FIELDS = [
  ...['type', 'event', 'userId', 'anonymousId', 'groupId', 'previousId', 'messageId', 'timestamp'],
  ...['originalTimestamp', 'sentAt', 'receivedAt', 'context', 'properties', 'traits', 'integrations'],
];

/** What an event may hold and still be itself: JSON that is read back as it was. */
export const harmlessJson: fc.Arbitrary<fc.JsonValue> = fc
  .jsonValue({ maxDepth: 4 })
  // Numbers of so many digits before the point arrive as text.
  .filter((value) => !/__proto__|(?<![.\d])\d{16}/.test(JSON.stringify(value)));

const harmlessObject = fc.dictionary(
  fc.string({ maxLength: 8 }).filter((key) => key !== '__proto__'),
  harmlessJson,
  { maxKeys: 5 },
);

/** A good call of any type, as an object: id and identity are there, the time is `at`. */
export function goodEvent(at: string): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(
    {
      type: fc.constantFrom('track', 'identify', 'page', 'screen', 'group', 'alias'),
      messageId: fc.uuid(),
      timestamp: fc.constant(at),
      userId: fc.string({ minLength: 1 }),
      event: fc.string({ minLength: 1 }),
      groupId: fc.string({ minLength: 1 }),
      previousId: fc.string({ minLength: 1 }),
      properties: harmlessObject,
      traits: harmlessObject,
      context: harmlessObject,
      channel: harmlessJson,
    },
    {
      requiredKeys: ['type', 'messageId', 'timestamp', 'userId', 'event', 'groupId', 'previousId'],
      noNullPrototype: true,
    },
  );
}

/**
 * An event that began as a good one: fields dropped, of another type, written twice (the later one counts),
 * or with hostile JSON in them. It may still be good.
 */
export function mutatedEvent(at: string): fc.Arbitrary<string> {
  const changes = fc.array(fc.tuple(fc.constantFrom(...FIELDS), fc.option(hostileJson)), { maxLength: 3 });
  return fc.tuple(goodEvent(at), changes).map(([event, changed]) => {
    const dropped = new Set(changed.filter(([, json]) => json === null).map(([field]) => field));
    const kept = Object.entries(event).filter(([field]) => !dropped.has(field));
    const fields = kept.map(([field, value]) => `${JSON.stringify(field)}:${JSON.stringify(value)}`);
    for (const [field, json] of changed) if (json !== null) fields.push(`${JSON.stringify(field)}:${json}`);
    return `{${fields.join(',')}}`;
  });
}

/** An event that cannot be billed, whatever is in it. */
export const badEvent: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('null', '0', '"text"', '[]', '{}', '[{}]', 'true', '{"type":"delete","userId":"u"}'),
  fc.constantFrom(50, 10_000).map((levels) => `${'['.repeat(levels)}${']'.repeat(levels)}`),
  hostileJson.map((json) => `{"type":"track","userId":"u","messageId":"m","properties":${json}}`),
  hostileJson.map((json) => `{"type":"track","event":"e","messageId":"m","context":${json}}`),
  hostileJson.map((json) => `{"type":"nothing","event":"e","userId":"u","messageId":"m","a":${json}}`),
  fc.constant(
    `{"type":"track","event":"e","userId":"u","messageId":"m","properties":{"t":"${'x'.repeat(40_000)}"}}`,
  ),
);

const before = Reflect.ownKeys(Object.prototype);

/** Whether every object is still what it was. */
export function isPrototypeUntouched(): boolean {
  const now = Reflect.ownKeys(Object.prototype);
  return now.length === before.length && now.every((key, index) => key === before[index]);
}

/** How often a property is tried: as given, or PROPERTY_RUNS times to look for longer. */
export function runs(usually: number): { numRuns: number } {
  return { numRuns: Number(process.env.PROPERTY_RUNS ?? usually) };
}
