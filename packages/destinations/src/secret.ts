import * as z from 'zod';

/**
 * Says what of a secret no sender could send: an HTTP header carries neither a line break nor a space at an end, and
 * a value that was copied with one would refuse every sender. The secret itself is not shown.
 */
export function findSecretProblem(text: string): string | undefined {
  const at = text.search(/[^\x21-\x7e]/);
  if (at === -1) return undefined;
  const end = text.search(/[^\x21-\x7e]+$/);
  // What stands at the end is told first: that is what a copy brings along.
  const place = end === at && at > 0 ? ' at its end' : at === 0 ? ' at its beginning' : ' inside';
  const isAll = at === 0 && end === 0;
  return `found ${nameOf(text.codePointAt(at)!)}${isAll ? '' : place}; a secret is printable ASCII without spaces`;
}

function nameOf(point: number): string {
  if (point === 0x0a || point === 0x0d) return 'a line break';
  if (point === 0x20) return 'a space';
  if (point === 0x09) return 'a tab';
  return point < 0x20 || point === 0x7f ? 'a control character' : 'a character outside ASCII';
}

/** A write key, an API key, a webhook's secret: one rule for each. Empty counts as none, where none is allowed. */
export const secretSchema = z.string().superRefine((text, context) => {
  const message = findSecretProblem(text);
  if (message) context.addIssue({ code: 'custom', message });
});
