/**
 * Segment's filter language: parsed, compiled to a function, and explained part by part. What it cannot read it
 * refuses, with line and column; it never takes an event by mistake. Pure. Begin with `compileFql`.
 */

export { findAlwaysTrue } from './always-true.js';
export type { FqlComparison, FqlNode, FqlScalar } from './ast.js';
export { caseOfField, casesOf, type FqlCase, joinCases } from './cases.js';
export { type CompileResult, compileFql, compileMatches } from './compile.js';
export type { EventShape, FieldShape } from './event-shape.js';
export { type Explanation, explainFql, type FqlPart } from './explain.js';
export { findImpossible } from './impossible.js';
export { type ParseResult, parseFql } from './parse.js';
export type { FqlProblem } from './problem.js';
export type { FqlType } from './values.js';
