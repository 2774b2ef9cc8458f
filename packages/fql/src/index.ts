/**
 * Segment's filter language: parsed, compiled to a function, and explained part by part. What it cannot read it
 * refuses, with line and column; it never takes an event by mistake. Pure. Begin with `compileFql`.
 */
export type { FqlComparison, FqlNode, FqlScalar } from './ast.js';
export { type CompileResult, compileFql } from './compile.js';
export { type Explanation, explainFql, type FqlPart } from './explain.js';
export { type ParseResult, parseFql } from './parse.js';
export type { FqlProblem } from './problem.js';
