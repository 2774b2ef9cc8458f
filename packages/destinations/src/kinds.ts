import * as z from 'zod';
import type { DestinationType } from './descriptions.js';
import type { Destination, DestinationKind } from './destination.js';
import { hyperline } from './hyperline/index.js';
import { lago } from './lago/index.js';

/** Every kind of destination. A new one is a folder, a line here and a line in `descriptions.ts`. */
export const destinationKinds = { lago, hyperline } satisfies Record<DestinationType, unknown>;

/** The kind of a destination, for settings and rules of that very type: no other may be given to its functions. */
export function kindOf(type: DestinationType): DestinationKind<z.ZodType<DestinationSettings>> {
  return destinationKinds[type] as unknown as DestinationKind<z.ZodType<DestinationSettings>>;
}

const [first, ...others] = Object.values(destinationKinds).map(({ settingsSchema }) => settingsSchema);

export type DestinationSettings = {
  [Type in DestinationType]: z.output<(typeof destinationKinds)[Type]['settingsSchema']>;
}[DestinationType] & {
  /** What its API is reached through, by the environment and not by the file. It holds a password. */
  proxyUrl?: string;
};

/** One destination of the configuration file, of whichever `type`. */
export const destinationSettingsSchema: z.ZodType<DestinationSettings> = z.discriminatedUnion('type', [
  first!,
  ...others,
]);

/** Compiles settings that the schema has accepted. Opens nothing. */
export function compileDestination(settings: DestinationSettings): Destination {
  const destination = kindOf(settings.type).compile(settings);
  return { ...destination, connection: { ...destination.connection, proxyUrl: settings.proxyUrl } };
}
