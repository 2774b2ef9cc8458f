import { type Mapped, type MappingFailure, unmapped } from '@meterbridge/usage-mapping';

/** `\u0000` and halves of surrogate pairs as JSON.stringify writes them; a doubled backslash is text. */
const UNSTORABLE = /(?:^|[^\\])(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/**
 * Refuses what no billing database can store: Postgres has no NUL, and half a character is replaced on its
 * way to UTF-8, so that two ids would become one. An API that fails on it fails for the whole batch.
 */
export function refuseUnstorable(body: string): Mapped<never> | undefined {
  if (!body.includes('\\u') || !UNSTORABLE.test(body)) return undefined;
  const code: MappingFailure['code'] = 'unsupported_value';
  return unmapped(code, '', 'a value holds a NUL or half a character, which no billing API can store');
}
