import { z } from 'zod';
import type { Destination } from './destination.js';
import { hyperline } from './hyperline/index.js';
import { lago } from './lago/index.js';

/** Every kind of destination. A new one is a folder and a line here. */
export const destinationKinds = { lago, hyperline };

const [first, ...others] = Object.values(destinationKinds).map(({ settingsSchema }) => settingsSchema);

export type DestinationSettings = {
  [Type in keyof typeof destinationKinds]: z.output<(typeof destinationKinds)[Type]['settingsSchema']>;
}[keyof typeof destinationKinds];

/** One destination of the configuration file, of whichever `type`. */
export const destinationSettingsSchema: z.ZodType<DestinationSettings> = z.discriminatedUnion('type', [
  first!,
  ...others,
]);

/** Compiles settings that the schema has accepted. Opens nothing. */
export function compileDestination(settings: DestinationSettings): Destination {
  switch (settings.type) {
    case 'lago':
      return lago.compile(settings);
    case 'hyperline':
      return hyperline.compile(settings);
  }
}
