/** An address is shown to a person, and kept with a hold: the start of a longer one says enough. */
const MAX_CHARACTERS = 200;
/** Stands in for the host of an address that has none; `.invalid` is nobody's (RFC 2606). */
const NO_HOST = 'none.invalid';

/**
 * Where a redirect points: scheme, host and path of its Location. The query, the fragment and what stands
 * before an `@` may hold a key or a customer, and are left out. A relative address has no host to show.
 * @returns undefined where the header is missing or is no web address
 */
export function readMovedAddress(location: string | undefined): string | undefined {
  const url = location ? parse(location) : undefined;
  if (!location || !url) return undefined;
  const scheme = location.startsWith('//') ? '' : url.protocol;
  const origin = url.host === NO_HOST ? '' : `${scheme}//${url.host}`;
  const address = showControls(`${origin}${url.pathname}`);
  return address.length <= MAX_CHARACTERS ? address : `${address.slice(0, MAX_CHARACTERS - 1)}…`;
}

function parse(location: string): URL | undefined {
  try {
    const url = new URL(location, `http://${NO_HOST}`);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes what a terminal would obey or hide as its code: control characters, and those that turn the
 * direction of text or take no room.
 */
export function showControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0)!.toString(16).toUpperCase();
    return `\\u{${code}}`;
  });
}
