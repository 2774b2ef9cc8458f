/**
 * A destination's rules as data, compiled once to functions that read values out of an event and write them elsewhere.
 * Pure; which fields an API has is for `destinations` to say. Begin with `compileValue` and `compileProperties`.
 */
export { type CheckedFilter, compileFilter, describeFilterProblem } from './check-filter.js';
export { coerce, VALUE_TYPES, type ValueType } from './coerce.js';
export { compileProperties, type MappedProperties } from './compile-properties.js';
export { compileValue, type ReadValue, type ValueOptions } from './compile-value.js';
export { filterPaths } from './filter-paths.js';
export { holdsValueOf } from './holds-value.js';
export { type Mapped, type MappingFailure, type MappingFailureCode, mapped, unmapped } from './mapped.js';
export { type EventValue, eventsTakenBy, mayOverlap, type TakenEvents } from './overlap.js';
export { compileRouter, type Route, type RouteEvent } from './route.js';
export { judgeRule, type RuleDay, type RuleHistory, type RuleStatus } from './rule-silence.js';
export { plainDecimal, typeName } from './scalar.js';
export type { TemplatePart } from './template.js';
export {
  nameSchema,
  type PropertiesRule,
  partsOf,
  pathRuleSchema,
  pathSchema,
  pathsOf,
  propertiesRuleSchema,
  routingFields,
  templateRuleSchema,
  type ValueRule,
  valueRuleSchema,
} from './value-rule.js';
