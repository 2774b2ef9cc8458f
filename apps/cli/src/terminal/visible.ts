/** Text of a sender for a terminal: control characters are shown by their numbers, and command nothing. */
export function visible(text: string): string {
  return text.replace(
    // Also what separates lines and turns the direction of writing.
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
