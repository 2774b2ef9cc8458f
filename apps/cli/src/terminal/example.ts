import { destinationTypes } from '@meterbridge/destinations/descriptions';

/** A destination's name for examples in help: destinations are mostly called as their type. */
export const EXAMPLE = destinationTypes[0]!;
