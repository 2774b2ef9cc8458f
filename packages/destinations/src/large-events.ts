/** From this share of it on a body is near what an API can store: what compresses badly may not fit. */
const NEAR = 0.75;

/**
 * Whether an event comes near what its API can store, or is beyond it.
 * @param bytes of its body
 * @param storableBytes see `Destination`; left out where nothing is known of a limit
 */
export function isLarge(bytes: number, storableBytes: number | undefined): boolean {
  return storableBytes !== undefined && bytes >= NEAR * storableBytes;
}

/** A warning for a person who looks at such an event; nothing for any other. */
export function describeLarge(bytes: number, storableBytes: number | undefined): string | undefined {
  if (!isLarge(bytes, storableBytes)) return undefined;
  return `${bytes.toLocaleString('en')} bytes: the API fails on an event of which it has to store more than about ${storableBytes!.toLocaleString('en')}, compressed, and with it on the whole request`;
}
