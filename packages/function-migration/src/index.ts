/**
 * Reads what a pasted Segment Function does, without running it, and drafts the rules that do the same; says what was
 * wrong in it, line by line. Needed once in a customer's life: only `init --from-function` loads it. Begin with
 * `readFunction`.
 */
export { describeOpen } from './findings.js';
export { type FunctionReading, readFunction } from './read-function.js';
export { aboutRules } from './recipes.js';
