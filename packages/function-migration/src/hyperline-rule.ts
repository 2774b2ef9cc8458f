import type { Field } from '@meterbridge/config-draft';
import { holdsValueOf, type ValueRule } from '@meterbridge/usage-mapping';
import { type Findings, openField, valueField } from './findings.js';
import { propertyFields } from './property-fields.js';
import { isMadeUp, isPath, readSentFields } from './sent-fields.js';
import { fieldOf, type ObjectSym, type Sym, type SymField, UNDEFINED } from './symbols.js';
import { aboutTime, timeForm } from './time-of.js';

/** What Hyperline was told of an event, as a rule says it; `code`: the event type, where it is one for all. */
export function hyperlineRule(sent: ObjectSym, findings: Findings): { fields: Field[]; code: string | null } {
  const object = readSentFields(sent, 'hyperline', findings);
  const part = (name: string): SymField =>
    fieldOf(object, name) ?? { name, value: UNDEFINED, line: sent.line };
  judgeTime(part('timestamp'), findings);
  const customer = required(part('customer_id'), 'customer', findings);
  const eventType = required(part('event_type'), 'eventType', findings);
  const { value } = part('event_type');
  const code = value.kind === 'constant' && typeof value.value === 'string' ? value.value : null;
  const record = recordField(part('record'), findings);
  return { fields: [customer, eventType, record, ...uniqueIds(customer, record)], code };
}

/** Ids stay those that the function wrote, whose records are there; that they may be shared has to be said. */
function uniqueIds(customer: Field, record: Field): Field[] {
  const id = idIn(record);
  if (id === undefined || id === '' || customer.value === '') return [];
  const isSafe = holdsValueOf(id, 'messageId') || holdsValueOf(id, customer.value as ValueRule);
  if (isSafe) return [];
  const above = [
    'The id leaves the customer out, as the function did. Were two customers ever to share one, the newer would',
    "take the other's usage: then write a template with both, and take this line out.",
  ];
  return [{ key: 'uniqueIds', value: true, above }];
}

function idIn({ value }: Field): ValueRule | undefined {
  if (typeof value !== 'object' || value === null || !('fields' in value)) return undefined;
  const { fields } = value as { fields: readonly Field[] };
  return fields.find(({ key }) => key === 'id')?.value as ValueRule | undefined;
}

function required(part: SymField, key: 'customer' | 'eventType', findings: Findings): Field {
  const field = valueField(findings, 'hyperline', key, part);
  if (field) return field;
  findings.faults.push({
    code: 'fields_missing',
    line: part.line,
    what: `there is no ${part.name}`,
    cost: 'Hyperline refused the events',
  });
  return openField(findings, key, {
    line: part.line,
    field: key,
    code: '',
    why: 'the function does not say it',
  });
}

function judgeTime({ value, line }: SymField, findings: Findings): void {
  const form = timeForm(value);
  if (form === 'missing') {
    findings.faults.push({
      code: 'fields_missing',
      line,
      what: 'there is no timestamp',
      cost: 'Hyperline refused the events',
    });
  } else if (form === 'now') {
    findings.faults.push({
      code: 'time_missing',
      line,
      what: 'the timestamp is the time of sending',
      cost: 'what came late was billed in the wrong period',
    });
  } else if (form === 's') {
    findings.faults.push({
      code: 'time_not_read',
      line,
      what: 'the timestamp is in seconds; Hyperline reads ISO 8601 or milliseconds',
      cost: 'the events were taken for January 1970 and never billed',
    });
  }
  findings.differences.push(...aboutTime(value, line));
}

/** The id is the messageId where a rule names none; it is written last, whatever the function did. */
function recordField(part: SymField, findings: Findings): Field {
  const { value, line } = part;
  if (value.kind === 'object') {
    const id = fieldOf(value, 'id');
    judgeId(id?.value, id?.line ?? line, findings);
    const isMessageId = id && (isPath(id.value, 'messageId') || isMadeUp(id.value));
    if (isMessageId) {
      return (
        propertyFields(
          { ...part, value: { ...value, fields: value.fields.filter((each) => each !== id) } },
          'hyperline',
          'record',
          findings,
        ) ?? { key: 'record', value: { id: 'messageId' } }
      );
    }
  }
  const field = propertyFields(part, 'hyperline', 'record', findings);
  if (field) return field;
  findings.faults.push({
    code: 'fields_missing',
    line,
    what: 'there is no record',
    cost: 'Hyperline refused the events',
  });
  return { key: 'record', value: { id: 'messageId' } };
}

function judgeId(id: Sym | undefined, line: number, findings: Findings): void {
  if (id === undefined) {
    findings.faults.push({
      code: 'fields_missing',
      line,
      what: 'the record has no id',
      cost: 'Hyperline refused the events',
    });
  } else if (isMadeUp(id)) {
    findings.faults.push({
      code: 'id_made_up',
      line,
      what: "the record's id is another one each time",
      cost: 'what Segment sent again was billed again',
    });
  }
}
