import type { PlanFault } from './plan-faults.js';

/** Words for a person. Only a `fail` means that all of the rule's usage is billed wrongly or never. */
export type PlanFaultWords = { level: 'warn' | 'fail'; detail: string };

/** Says what a fault does to the bill, and what mends it. */
export function describePlanFault(fault: PlanFault): PlanFaultWords {
  switch (fault.code) {
    case 'operation_type_sent':
      return {
        level: fault.isCertain ? 'fail' : 'warn',
        detail: `operation_type is sent (${fault.sent}), and anything but "add" takes a value out of the count of ${fault.metric}: unless that is meant, send { value: add }`,
      };
    case 'unique_value_masked':
      return fail(
        `${fault.field} is masked, and values that look alike then are counted once: use hash: sha256 instead`,
      );
    case 'unique_value_untyped':
      return warn(
        `${fault.field} is sent as it is found, and lists and objects are counted as well${
          fault.isPaidInAdvance ? '; 1 and "1" are two fees in advance' : ''
        }: say "as: string"`,
      );
    case 'unique_value_constant':
      return fail(
        `${fault.field} is the same for every event (${fault.value}): the count is never more than 1`,
      );
    case 'metric_in_no_plan':
      return fail(`${fault.metric} is in no charge of any plan: its events would be taken and never billed`);
    case 'filter_key_not_sent':
      return fail(
        `the charge for ${fault.metric} in plan ${fault.plan} has prices by ${fault.key}, which the rule does not send: all falls to the charge's own price`,
      );
    case 'filter_key_masked':
      return fail(
        `the charge for ${fault.metric} in plan ${fault.plan} has prices by ${fault.key}, which is masked or hashed: all falls to the charge's own price`,
      );
    case 'filter_value_unknown':
      return fail(
        `the charge for ${fault.metric} in plan ${fault.plan} has no price for ${fault.key} ${fault.value} (it has ${fault.values.join(', ')}): all falls to the charge's own price`,
      );
    case 'dynamic_without_amount':
      return fail(
        `the charge for ${fault.metric} in plan ${fault.plan} is dynamic, and the rule sends no preciseTotalAmountCents: its price would be 0`,
      );
    case 'subscription_unknown':
      return fail(
        `Lago has no subscription "${fault.subscription}": its events would be taken and never billed`,
      );
    case 'custom_aggregation':
      return warn(`${fault.metric} is computed by code of your own at Lago: what it counts is not checked`);
    case 'expression_variable_not_sent':
      return fault.isCertain
        ? fail(
            `the expression of ${fault.metric} reads ${fault.variable}, which the rule does not send: Lago would refuse every event`,
          )
        : warn(
            `the expression of ${fault.metric} reads ${fault.variable}: Lago refuses an event that has none`,
          );
  }
}

function fail(detail: string): PlanFaultWords {
  return { level: 'fail', detail };
}

function warn(detail: string): PlanFaultWords {
  return { level: 'warn', detail };
}
