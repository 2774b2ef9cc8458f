import type { UsageEvent } from '@meterbridge/delivery';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { compileProperties, type Mapped, mapped, unmapped, type ValueRule } from '@meterbridge/usage-mapping';
import { compileIdentity } from '../read-identity.js';
import { refuseUnstorable } from '../unstorable-text.js';
import { isIdOfEvent } from './identity.js';
import { hyperlineKey, hyperlineRecordIdentity } from './key.js';
import type { HyperlineRule } from './settings.js';

/** Hyperline's limit; whether `id` counts is not documented, so it does here. */
const MAX_PROPERTIES = 25;

/**
 * Compiles a rule to a function that writes an event as Hyperline reads it: an ISO 8601 timestamp, a record
 * of one level in which null has a meaning, and an id that is a string and written last, so that a property
 * called `id` cannot take the place of the messageId (docs.hyperline.co: ingest-billable-event).
 */
export function compileHyperlineRule(rule: HyperlineRule): (event: SegmentEvent) => Mapped<UsageEvent> {
  const { id = 'messageId', ...others } = rule.record as Record<string, ValueRule>;
  const isOfEvent = isIdOfEvent(rule);
  // A messageId is its sender's to choose; what a rule puts together is a name, and says whose it is.
  const readId = compileIdentity(id, 'record.id', {
    isName: !isOfEvent,
    isInjective: !isOfEvent && !rule.uniqueIds,
  });
  const readCustomer = compileIdentity(rule.customer, 'customer');
  const readEventType = compileIdentity(rule.eventType, 'eventType');
  const readRecord = compileProperties(others, { bareRequired: false, lists: true });

  return (event) => {
    const customer = readCustomer(event);
    if (!customer.ok) return customer;
    const eventType = readEventType(event);
    if (!eventType.ok) return eventType;
    const recordId = readId(event);
    if (!recordId.ok) return recordId;
    const record = readRecord(event);
    if (!record.ok) return record;
    delete record.value.id;
    const size = Object.keys(record.value).length + 1;
    if (size > MAX_PROPERTIES) {
      const detail = `the record has ${size} properties, id included; ${MAX_PROPERTIES} are allowed`;
      return unmapped('too_many_properties', 'record', detail);
    }
    record.value.id = recordId.value;

    const { timestamp } = event;
    // One flat string: pieced together, each body would drag its pieces through the garbage collector.
    const body = JSON.stringify({
      customer_id: customer.value,
      event_type: eventType.value,
      timestamp,
      record: record.value,
    });
    return (
      refuseUnstorable(body) ??
      mapped({
        key: hyperlineKey(eventType.value, recordId.value, timestamp),
        recordIdentity: hyperlineRecordIdentity(eventType.value, recordId.value),
        kind: eventType.value,
        // Any other id holds the customer, or is said to be of one customer only.
        customer: isOfEvent ? customer.value : undefined,
        body,
      })
    );
  };
}
