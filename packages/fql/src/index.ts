export type { FqlComparison, FqlNode, FqlScalar } from './ast.js';
export { type CompileResult, compileFql } from './compile.js';
export { type Explanation, explainFql, type FqlPart } from './explain.js';
export { type ParseResult, parseFql } from './parse.js';
export type { FqlProblem } from './problem.js';
