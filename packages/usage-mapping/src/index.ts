export { coerce, VALUE_TYPES, type ValueType } from './coerce.js';
export * from './compile-properties.js';
export * from './compile-value.js';
export * from './mapped.js';
export { type EventValue, eventsTakenBy, mayOverlap, type TakenEvents } from './overlap.js';
export * from './route.js';
export * from './scalar.js';
export * from './value-rule.js';
