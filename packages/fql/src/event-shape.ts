import type { FqlType } from './values.js';

/** The values of a field, as far as they are known before an event is seen. */
export type FieldShape = {
  types: readonly FqlType[];
  /** All texts it can be. */
  words?: readonly string[];
  /** Texts that a filter may well exclude, and that never come. */
  absent?: readonly string[];
};

/** The events that a filter is for. */
export type EventShape = {
  /** Says why no event has a value at this path; undefined where one may. */
  problemOf: (segments: readonly string[]) => string | undefined;
  /** The shape of a field; undefined where it may hold anything. */
  fieldOf: (segments: readonly string[]) => FieldShape | undefined;
  /** The word that was probably meant. */
  nearest: (word: string, words: readonly string[]) => string | undefined;
};
