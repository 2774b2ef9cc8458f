/**
 * What the options of a face name and take for standard, without the code that does the work: a help text imports it
 * alone.
 */
export { type Month, readMonth } from './close/month.js';
export { GROUPINGS, type Grouping } from './dead-letters/groupings.js';
export { DEFAULT_SHARE } from './replay/pace.js';
