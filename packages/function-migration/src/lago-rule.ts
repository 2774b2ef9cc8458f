import type { Field, Plain } from '@meterbridge/config-draft';
import { type Findings, openField, valueField } from './findings.js';
import { propertyFields } from './property-fields.js';
import { isMadeUp, isPath, partsOf, readSentFields } from './sent-fields.js';
import { fieldOf, type ObjectSym, type SymField, UNDEFINED } from './symbols.js';
import { aboutTime, timeForm } from './time-of.js';

/** What Lago was told of an event, as a rule says it; `code`: the metric's, where it is one for all. */
export function lagoRule(sent: ObjectSym, findings: Findings): { fields: Field[]; code: string | null } {
  const object = readSentFields(sent, 'lago', findings);
  const part = (name: string): SymField =>
    fieldOf(object, name) ?? { name, value: UNDEFINED, line: sent.line };
  judgeIdentity(part('transaction_id'), findings);
  judgeTime(part('timestamp'), findings);
  const code = codeField(part('code'), findings);
  const amount = valueField(findings, 'lago', 'preciseTotalAmountCents', part('precise_total_amount_cents'));
  const suffix = suffixField(part('transaction_id'), findings);
  const properties = propertyFields(part('properties'), 'lago', 'properties', findings);
  const fields = [code.field, subscriptionField(object, findings), properties, amount, suffix];
  return { fields: fields.filter((field) => field !== null), code: code.constant };
}

function judgeIdentity({ value, line }: SymField, findings: Findings): void {
  if (value.kind === 'constant' && value.value === undefined) {
    findings.faults.push({
      code: 'fields_missing',
      line,
      what: 'there is no transaction_id',
      cost: 'Lago refused the events, or, where they go to ClickHouse, billed each repetition again',
    });
    return;
  }
  if (isMadeUp(value)) {
    findings.faults.push({
      code: 'id_made_up',
      line,
      what: 'the transaction_id is another one each time',
      cost: 'what Segment sent again was billed again',
    });
    return;
  }
  if (partsOf(value).some((part) => isPath(part, 'messageId'))) return;
  findings.differences.push({
    line,
    what: "the function's transaction_id is not the messageId; Meterbridge's always is: two events with one such id were billed once, and are billed twice now",
  });
}

/** A constant behind the messageId, for a second metric of one event. */
function suffixField({ value }: SymField, findings: Findings): Field | null {
  const parts = partsOf(value);
  const [first, second, ...others] = parts;
  if (!isPath(first, 'messageId') || !second) return null;
  if (second.kind === 'constant' && others.length === 0 && /^[\w.:-]{1,64}$/.test(String(second.value))) {
    return { key: 'transactionIdSuffix', value: String(second.value) };
  }
  const why = 'a part of the id that is no constant of letters, digits and . _ : -';
  return openField(findings, 'transactionIdSuffix', { line: 0, field: 'transaction_id', code: '', why });
}

function judgeTime({ value, line }: SymField, findings: Findings): void {
  const form = timeForm(value);
  if (form === 'missing' || form === 'now') {
    findings.faults.push({
      code: 'time_missing',
      line,
      what: form === 'now' ? 'the timestamp is the time of sending' : 'there is no timestamp',
      cost: 'what came late was billed in the wrong period; where events go to ClickHouse, what Segment sent again was billed again',
    });
  }
  if (form === 'iso' || form === 'ms') {
    findings.faults.push({
      code: 'time_not_read',
      line,
      what:
        form === 'iso'
          ? 'the timestamp is ISO 8601; Lago reads seconds'
          : 'the timestamp is in milliseconds; Lago reads seconds',
      cost:
        form === 'iso'
          ? 'Lago refused the events (422, invalid_format)'
          : 'Lago took the events for the year 55,000 and never billed them',
    });
  }
  findings.differences.push(...aboutTime(value, line));
}

function codeField(part: SymField, findings: Findings): { field: Field | null; constant: string | null } {
  const { value, line } = part;
  if (value.kind === 'constant' && typeof value.value === 'string' && value.value !== '') {
    return { field: { key: 'code', value: value.value }, constant: value.value };
  }
  if (isPath(value, 'event')) return { field: { key: 'code', value: { path: 'event' } }, constant: null };
  const field = valueField(findings, 'lago', 'code', part);
  if (field && typeof field.value === 'string' && field.value !== '') {
    return { field: { ...field, value: { path: field.value } }, constant: null };
  }
  if (field && Array.isArray(field.value))
    return { field: { ...field, value: { path: field.value } }, constant: null };
  const missing = { line, field: 'code', code: '', why: 'the function names no metric' };
  return { field: field ?? openField(findings, 'code', missing), constant: null };
}

function subscriptionField(object: ObjectSym, findings: Findings): Field {
  const subscription = fieldOf(object, 'external_subscription_id');
  const customer = fieldOf(object, 'external_customer_id');
  const who = subscription ?? customer;
  if (customer && !subscription) {
    findings.faults.push({
      code: 'customer_not_read',
      line: customer.line,
      what: 'Lago bills subscriptions: since v1.7.0 it drops external_customer_id',
      cost: 'the events were taken and never billed',
    });
  }
  const field = who && valueField(findings, 'lago', 'subscription', who);
  if (!field) {
    const missing = {
      line: who?.line ?? object.line,
      field: 'subscription',
      code: '',
      why: 'the function says nobody who is billed',
    };
    return openField(findings, 'subscription', missing);
  }
  if (subscription || field.value === '') return field;
  // As the function meant it: the customer's own subscription, which Lago knows.
  return {
    ...field,
    value: { lookup: 'customer', customer: field.value as Plain },
    above: ["The function named the customer: Lago is asked for the customer's subscription."],
  };
}
