/** Why an event was not taken. The words are stored with dead letters and label metrics: they stay. */
export type RejectionReason =
  | 'invalid_json'
  | 'not_an_object'
  | 'too_deep'
  | 'too_large'
  | 'invalid_field'
  | 'missing_type'
  | 'unsupported_type'
  | 'missing_event'
  | 'missing_identity'
  | 'invalid_message_id'
  | 'no_message_id_or_timestamp'
  | 'invalid_timestamp'
  | 'timestamp_out_of_range';

/** `detail` is for people: the field, the type found, what was expected, and never the value itself. */
export type Rejection = { reason: RejectionReason; detail: string };

/** The type of a value in JSON's own words, for details that may not show the value. */
export function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}
