import { kindOf } from '@meterbridge/destinations';
import type { Findings } from './findings.js';
import type { Vendor } from './recipes.js';
import type { ObjectSym, Sym, SymField } from './symbols.js';

/** What each API reads of an event; whatever is called otherwise, it drops or refuses. */
const READ: Record<Vendor, readonly string[]> = {
  lago: [
    'transaction_id',
    'external_subscription_id',
    'external_customer_id',
    'code',
    'timestamp',
    'properties',
    'precise_total_amount_cents',
  ],
  hyperline: ['customer_id', 'event_type', 'timestamp', 'record'],
};

const COST: Record<Vendor, string> = {
  lago: 'it refused the events (422, transaction_id is mandatory), or, where they go to ClickHouse, took them and billed nobody',
  hyperline: 'it refused the events',
};

/** The fields of an event under the names that the API reads: `transactionId` is transaction_id, and a fault. */
export function readSentFields(sent: ObjectSym, type: Vendor, findings: Findings): ObjectSym {
  const { title } = kindOf(type);
  const wrong: SymField[] = [];
  const fields = sent.fields.flatMap((field): SymField[] => {
    const name = field.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (!READ[type].includes(name)) {
      findings.differences.push({
        line: field.line,
        what: `${title} reads no field ${field.name}: it is left out`,
      });
      return [];
    }
    if (name !== field.name) wrong.push(field);
    return [{ ...field, name }];
  });
  const [first] = wrong;
  if (first) {
    const names = wrong.map(({ name }) => name).join(', ');
    findings.faults.push({
      code: 'fields_not_read',
      line: first.line,
      what: `${title} reads no ${names}: its fields are in snake_case`,
      cost: COST[type],
    });
  }
  if (sent.all) {
    findings.open.push({
      line: sent.all.line,
      field: `...${['event', ...sent.all.path].join('.')}`,
      code: '',
      why: `the fields of ${title}'s event that the sender names itself`,
      inRule: false,
    });
  }
  return { ...sent, fields };
}

/** The parts of a text that is put together; of any other value, the value. */
export function partsOf(value: Sym): readonly Sym[] {
  if (value.kind === 'text') return value.parts;
  return value.kind === 'converted' ? [value.of] : [value];
}

/** An id that is another one for the same event, each time it is sent. */
export function isMadeUp(value: Sym): boolean {
  return partsOf(value).some((part) => part.kind === 'random' || (part.kind === 'time' && part.of === null));
}

export function isPath(sym: Sym | undefined, path: string): boolean {
  return sym?.kind === 'path' && sym.path.join('.') === path;
}
