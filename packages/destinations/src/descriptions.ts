import type { KindDescription } from './description.js';
import { hyperlineDescription } from './hyperline/describe.js';
import { lagoDescription } from './lago/describe.js';

/** What people are told of every billing API, without the code that talks to it: a help text imports it alone. */
export const descriptions = { lago: lagoDescription, hyperline: hyperlineDescription } satisfies Record<
  string,
  KindDescription
>;

/** The `type` of a destination. */
export type DestinationType = keyof typeof descriptions;

/** Every type, in the order in which people are told of them. */
export const destinationTypes = Object.keys(descriptions) as DestinationType[];
