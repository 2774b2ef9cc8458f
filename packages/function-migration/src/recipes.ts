/** The billing APIs whose recipes for a Segment Function can be read, by the type of their destinations. */
export const VENDORS = ['lago', 'hyperline'] as const;

export type Vendor = (typeof VENDORS)[number];

/** Comment lines of a configuration whose rules were read from a function. @param file its name */
export function aboutRules(file: string): string[] {
  return [
    `The rules say what ${file} did, line by line. Other than there, what a Lago rule names under`,
    '`properties` has to be in the event, or it is a dead letter: Lago would sum what is missing as nothing.',
  ];
}
