import { pathsOf, type ValueRule } from '@meterbridge/usage-mapping';
import type { KindFinding } from '../description.js';
import type { MetricFacts } from './plan-facts.js';
import type { LagoRule } from './settings.js';

type RuleFinding = Pick<KindFinding, 'level' | 'detail'>;

/** Their sums leave out what is not a plain number, without a word (lago-api: postgres_store.rb). */
const NUMERIC = ['sum_agg', 'max_agg', 'weighted_sum_agg', 'latest_agg'];

const PLAIN_NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * Whether what a rule sends would be billed: Lago answers 200 to an event of an unknown code, or without the
 * property that its metric aggregates, and leaves it out of every invoice.
 */
export function judgeRule(rule: LagoRule, metrics: readonly MetricFacts[]): RuleFinding {
  if (typeof rule.code !== 'string') {
    return {
      level: 'warn',
      detail: `the code comes ${describeOrigin(rule.code)}: nobody can tell here whether Lago knows it`,
    };
  }
  const { code } = rule;
  const metric = metrics.find((each) => each.code === code);
  if (!metric) {
    const detail = `Lago has no billable metric with the code "${code}": its events would be taken and never billed`;
    return { level: 'fail', detail };
  }
  const { aggregation, field, expression } = metric;
  const head = `${code}, ${aggregation}${field === null ? '' : ` of ${field}`}`;
  if (expression !== null) return { level: 'ok', detail: `${head}: by the expression ${expression}` };
  // Code of its own decides what of an event a custom metric counts.
  if (field === null || aggregation === 'custom_agg') return { level: 'ok', detail: head };
  const isNumeric = NUMERIC.includes(aggregation);
  const { level, detail } = judgeField(rule.properties[field], rule.properties['*'], field, isNumeric);
  return { level, detail: `${head}: ${detail}` };
}

function judgeField(
  named: ValueRule | undefined,
  all: string | undefined,
  field: string,
  isNumeric: boolean,
): RuleFinding {
  if (named !== undefined) return judgeValue(named, isNumeric);
  if (all === undefined) {
    return { level: 'fail', detail: `the rule sends no ${field}: its events would never be billed` };
  }
  const what = isNumeric ? 'with "as: number"' : 'under its own name';
  return {
    level: 'warn',
    detail: `${field} is sent only where ${all} happens to have it; name it in properties, ${what}`,
  };
}

function judgeValue(value: ValueRule, isNumeric: boolean): RuleFinding {
  if (typeof value === 'string' || Array.isArray(value)) {
    return isNumeric ? UNTYPED : { level: 'ok', detail: describeOrigin(value) };
  }
  if ('value' in value) {
    return isNumeric && !PLAIN_NUMBER.test(String(value.value))
      ? { level: 'fail', detail: 'what the rule sends is not a number, and would never be billed' }
      : { level: 'ok', detail: 'the same for every event' };
  }
  if (isNumeric && (value.mask || value.hash || value.as === 'boolean' || value.as === 'timestamp')) {
    const as = value.mask ? 'masked' : value.hash ? 'hashed' : `a ${value.as}`;
    return { level: 'fail', detail: `what the rule sends is ${as} and no number, and would never be billed` };
  }
  if (isNumeric && value.as !== 'number') return UNTYPED;
  if (value.default === null) {
    return { level: 'warn', detail: 'left out where it is missing ("default: null"), and then not billed' };
  }
  return { level: 'ok', detail: describeOrigin(value) };
}

const UNTYPED: RuleFinding = {
  level: 'warn',
  detail: 'sent as it is found, and what is no plain number is never billed; say "as: number" to be told',
};

function describeOrigin(value: ValueRule): string {
  const isTemplate = typeof value === 'object' && 'template' in value;
  return `from ${isTemplate ? JSON.stringify(value.template) : pathsOf(value).join(' | ')}`;
}
