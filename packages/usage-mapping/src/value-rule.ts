import { findWrittenRootProblem, splitPath } from '@meterbridge/segment-events';
import { z } from 'zod';
import { compileFilter, describeFilterProblem } from './check-filter.js';
import { coerce, VALUE_TYPES } from './coerce.js';
import { isExact } from './scalar.js';

/** A path into the event, e.g. `properties.tokens`; a backslash takes a dot or a space as it is. */
export const pathSchema = z
  .string()
  .superRefine((text, context) => {
    const split = splitPath(text);
    const problem = split.ok ? findWrittenRootProblem(text) : split.problem;
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  })
  .describe('A path into the event, e.g. properties.tokens');

const pathsSchema = z.union([
  pathSchema,
  z.array(pathSchema).min(1).describe('Paths in order of preference: the first that is not null'),
]);

const constantSchema = z.union([
  z.string(),
  z.boolean(),
  z.number().refine(isExact, 'an integer beyond 2^53 has to be written in quotes, or it is rounded'),
]);

const constantRuleSchema = z.strictObject({ value: constantSchema.describe('The same for every event') });

/** A value by its path, with what to make of it. */
export const pathRuleSchema = z
  .strictObject({
    path: pathsSchema,
    as: z
      .enum(VALUE_TYPES)
      .optional()
      .describe('The type to read it as; a value that cannot be is a dead letter'),
    default: constantSchema.nullable().optional().describe('Stands in where the path is missing or null'),
    mask: z.literal(true).optional().describe('Keep the first characters only: l***.c***@yourcompany.com'),
    hash: z.literal('sha256').optional(),
  })
  .superRefine((rule, context) => {
    const shapes = rule.mask || rule.hash;
    if (rule.mask && rule.hash) {
      context.addIssue({ code: 'custom', path: ['hash'], message: 'choose mask or hash, not both' });
    }
    if (shapes && rule.as && rule.as !== 'string') {
      context.addIssue({ code: 'custom', path: ['as'], message: 'a masked or hashed value is a string' });
    }
    if (!rule.as || rule.default === undefined || rule.default === null) return;
    const read = coerce(rule.default, rule.as, 'default');
    if (!read.ok) context.addIssue({ code: 'custom', path: ['default'], message: read.failure.detail });
  });

/** How one value is taken from an event: a path, several paths, or an object that says more. */
export const valueRuleSchema = z.union([pathsSchema, constantRuleSchema, pathRuleSchema]);

export type ValueRule = z.infer<typeof valueRuleSchema>;
export type ConstantRule = z.infer<typeof constantRuleSchema>;
export type PathRule = z.infer<typeof pathRuleSchema>;

/** Values by name; `"*": properties` takes every flat property of that object, and names win over it. */
export const propertiesRuleSchema = z
  .object({ '*': pathSchema.optional().describe('Every flat property of the object at this path') })
  .catchall(valueRuleSchema);

export type PropertiesRule = z.infer<typeof propertiesRuleSchema>;

/** Names that stand in Redis keys, paths and metrics. */
export const nameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'a name is lower-case letters, digits and hyphens, and begins with a letter')
  .max(64);

const filterSchema = z.string().superRefine((text, context) => {
  const filter = compileFilter(text);
  if (filter.ok) return;
  for (const problem of filter.problems) {
    context.addIssue({ code: 'custom', message: describeFilterProblem(problem) });
  }
});

/** Every rule of every destination has these; they decide where an event goes. */
export const routingFields = {
  name: nameSchema,
  sources: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Names of the sources whose events it takes; all where left out'),
  when: filterSchema.optional().describe('FQL over the event; every event where left out'),
};

/** Whether a rule says which type it wants, so that a missing value is a mistake rather than a choice. */
export function isTyped(rule: ValueRule): boolean {
  return typeof rule === 'object' && 'as' in rule && rule.as !== undefined;
}
