import { findWrittenRootProblem, splitPath } from '@meterbridge/segment-events';
import * as z from 'zod';
import { compileFilter, describeFilterProblem } from './check-filter.js';
import { coerce, VALUE_TYPES } from './coerce.js';
import { isExact } from './scalar.js';
import { splitTemplate, type TemplatePart } from './template.js';

const CONSTANT = '; or { value: … }, where it is the same for every event';

/** A path into the event, e.g. `properties.tokens`; a backslash takes a dot or a space as it is. */
export const pathSchema = z
  .string()
  .superRefine((text, context) => {
    const split = splitPath(text);
    const problem = split.ok ? findWrittenRootProblem(text) : split.problem;
    // One word is a constant, more often than a field that nobody knows.
    const orConstant = split.ok && split.path.length === 1 ? CONSTANT : '';
    if (problem !== undefined) context.addIssue({ code: 'custom', message: `${problem}${orConstant}` });
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

const templateSchema = z
  .string()
  .superRefine((text, context) => {
    const split = splitTemplate(text);
    const paths = split.ok ? split.parts.flatMap((part) => ('paths' in part ? part.paths : [])) : [];
    const problems = split.ok
      ? paths.flatMap((path) => pathSchema.safeParse(path).error?.issues ?? []).map(({ message }) => message)
      : [split.problem];
    for (const message of problems) context.addIssue({ code: 'custom', message });
  })
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how it is written
  .describe('Text with values of the event: "${context.groupId}:${userId}"; missing where one of them is');

/** A decimal of so few digits that what it scales stays as short as it came. */
const FACTOR = /^-?\d{1,40}(\.\d{1,40})?$/;
const FACTOR_EXPECTED = 'a decimal in quotes was expected, such as "0.000000001"';

const factorSchema = z
  .string(FACTOR_EXPECTED)
  .regex(FACTOR, FACTOR_EXPECTED)
  .refine((text) => /[1-9]/.test(text), 'a factor of 0 would bill nothing')
  .describe(
    'With as: number, what the number is multiplied by, exactly: "0.000000001" makes gigabytes of bytes',
  );

/** What may be made of a value, however it is found. */
const shapeFields = {
  as: z
    .enum(VALUE_TYPES)
    .optional()
    .describe('The type to read it as; a value that cannot be is a dead letter'),
  times: factorSchema.optional(),
  default: constantSchema.nullable().optional().describe('Stands in where it is missing or null, as it is'),
  mask: z.literal(true).optional().describe('Keep the first characters only: l***.c***@yourcompany.com'),
  hash: z.literal('sha256').optional(),
};

/** A value by its path, with what to make of it. */
export const pathRuleSchema = z.strictObject({ path: pathsSchema, ...shapeFields }).superRefine(checkShape);

/** A value of several parts, with what to make of it. */
export const templateRuleSchema = z
  .strictObject({ template: templateSchema, ...shapeFields })
  .superRefine(checkShape);

function checkShape(
  { as, times, default: standIn, mask, hash }: ShapeRule,
  context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void },
): void {
  const report = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (mask && hash) report('hash', 'choose mask or hash, not both');
  if ((mask || hash) && as && as !== 'string') report('as', 'a masked or hashed value is a string');
  if (times !== undefined && as !== 'number')
    report('times', 'only a number can be scaled: write as: number, too');
  if (!as || standIn === undefined || standIn === null) return;
  const read = coerce(standIn, as, 'default');
  if (!read.ok) report('default', read.failure.detail);
}

/** How one value is taken from an event: a path, several paths, or an object that says more. */
export const valueRuleSchema = z.union([pathsSchema, constantRuleSchema, pathRuleSchema, templateRuleSchema]);

export type ValueRule = z.infer<typeof valueRuleSchema>;
export type ConstantRule = z.infer<typeof constantRuleSchema>;
export type PathRule = z.infer<typeof pathRuleSchema>;
export type TemplateRule = z.infer<typeof templateRuleSchema>;

/** What is made of a value, however it is found. */
export type ShapeRule = z.infer<z.ZodObject<typeof shapeFields>>;

/** Every path that a rule reads, in order; none of a constant. */
export function pathsOf(rule: ValueRule): string[] {
  if (typeof rule === 'string' || Array.isArray(rule)) return [rule].flat();
  if ('path' in rule) return [rule.path].flat();
  return 'template' in rule
    ? partsOf(rule.template).flatMap((part) => ('paths' in part ? part.paths : []))
    : [];
}

/** @throws {TypeError} for text that the schema refuses */
export function partsOf(template: string): TemplatePart[] {
  const split = splitTemplate(template);
  if (!split.ok) throw new TypeError(split.problem);
  return split.parts;
}

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
