import { promisify } from 'node:util';
import { deflate, deflateSync, inflateSync } from 'node:zlib';

const deflateAside = promisify<Buffer, object, Buffer>(deflate);

/**
 * What dead letters have in common: their own fields, those of Segment's Spec, and words of usage. An entry of
 * 750 bytes takes 280 with it and 470 without (measured), since it is compressed by itself.
 *
 * Never changed: what was stored with it can be read with nothing else. A better one is a second one, and the
 * entry names the one it was made with.
 */
const DICTIONARY = Buffer.from(
  '"edited":{"by":"","at":17"replay":"","status":422,"history":[{"reason":"unmapped","detail":"","attempts":1,"at":17' +
    '"usage":{"body":"{\\"customer_id\\":\\"\\",\\"event_type\\":\\"\\",\\"timestamp\\":\\"2026-\\",\\"record\\":{\\"id\\":\\"' +
    '{\\"transaction_id\\":\\"\\",\\"external_subscription_id\\":\\"\\",\\"code\\":\\"\\",\\"timestamp\\":\\"17' +
    '.000\\",\\"properties\\":{\\"}}","characters":"resolved":{"customer":"","subscription":"' +
    '","detail":"none of has a value; one was expected is a string; expected a number such as "12" or "12.5"' +
    ' is null; a value was expected is missing; a value was expected"}}"lastStatus":422,"lastDetail":"HTTP 400: HTTP 422: ' +
    '"reason":"identity_collision","tries":"reason":"refused","tries":{"attempts":1,"firstFailedAt":17,"lastCode":"refused"' +
    '"hour":49,"reason":"unmapped","tries":{"attempts":1,"firstFailedAt":17,"lastCode":"unmapped","lastDetail":"properties.' +
    '"traits":{"email":"","name":"","plan":"","phone":"","company":"","createdAt":"' +
    '"previousId":"","anonymousId":"","groupId":"","integrations":{"All":true,"page":{"path":"/","referrer":"https://' +
    '","search":"","title":"","url":"https://www."},"userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) ' +
    'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/ Safari/537.36","locale":"en-US","timezone":"Europe/' +
    '","os":{"name":"","version":"","device":{"id":"","manufacturer":"","model":"","type":"","app":{"build":"' +
    '","network":{"carrier":"","cellular":false,"wifi":true,"screen":{"height":,"width":"campaign":{"source":"' +
    '"properties":{"duration_ms":"latency_ms":"region":"model":"","tokens":"quantity":"amount":"currency":"' +
    '"plan":"subscription_id":"customer_id":"account_id":"organization_id":"request_id":"endpoint":"/v1/' +
    '"status":"success":true,"stream":false,"feature":"null,"originalTimestamp":"20"sentAt":"20"receivedAt":"20' +
    '"timestamp":"2026-01-01T00:00:00.000Z"},"_metadata":{"channel":"server","version":2,"context":{"ip":"' +
    '"groupId":"acct_"library":{"name":"analytics-node","version":"analytics.js","@segment/analytics-node","version":"' +
    '2.0.0"}}},"userId":"user_","messageId":"node-next-17-"type":"identify","type":"track","event":"' +
    '{"rule":"","source":"","event":{"type":"track","event":"',
);

/** As much as fits into a window of four kilobytes beside the dictionary: nearly every letter. */
const SHORT_BYTES = 2_048;

/** Small tables, which zlib fills anew for each letter: a third less time, and 1 % more bytes (measured). */
const SHORT = { level: 3, windowBits: 12, memLevel: 5, chunkSize: 1_024, dictionary: DICTIONARY };
const LONG = { level: 6, dictionary: DICTIONARY };

/** A dead letter's entry in the stream: compressed JSON, so that a hundred thousand of them fit in memory. */
export function encodeDeadLetter(letter: unknown): Buffer {
  return compress(Buffer.from(JSON.stringify(letter)));
}

/** A letter of more JSON is compressed beside the event loop: it would be milliseconds of it. */
const ASIDE_BYTES = 65_536;

/** The same for a process that answers others meanwhile. Only where the letter is large it is a promise. */
export function encodeDeadLetterSoon(letter: unknown): Buffer | Promise<Buffer> {
  const json = Buffer.from(JSON.stringify(letter));
  return json.length > ASIDE_BYTES ? deflateAside(json, LONG) : compress(json);
}

function compress(json: Buffer): Buffer {
  return deflateSync(json, json.length <= SHORT_BYTES ? SHORT : LONG);
}

/** Its JSON. Throws on what is damaged. */
export function inflateDeadLetter(z: Buffer): string {
  return inflateSync(z, { dictionary: DICTIONARY }).toString();
}
