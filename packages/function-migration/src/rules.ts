import type { DraftRule, Field } from '@meterbridge/config-draft';
import { distinct, slug, snakeCase } from '@meterbridge/config-draft';
import { eventsTakenBy, mayOverlap, type TakenEvents } from '@meterbridge/usage-mapping';
import { describeOpen, type Findings } from './findings.js';
import { hyperlineRule } from './hyperline-rule.js';
import { lagoRule } from './lago-rule.js';
import type { Sending } from './merge-ways.js';
import type { Vendor } from './recipes.js';
import { eventNames, writeWhen } from './when.js';

/** A rule on its way: its name is not its own yet, and it may share the ids of another. */
export type MadeRule = {
  type: Vendor;
  /** Of the request that it was made from. */
  line: number;
  name: string;
  when: string | null;
  fields: readonly Field[];
  /** Comment lines above the name, and above the filter. */
  about: readonly string[];
  aboutWhen: readonly string[];
};

const WRITE_RULE = { lago: lagoRule, hyperline: hyperlineRule };

/** What one request says of one event, as a rule. */
export function makeRule(type: Vendor, handler: string, sending: Sending, findings: Findings): MadeRule {
  const { line, body, cases } = sending;
  const callType = handler === 'onBatch' ? null : handler.slice(2).toLowerCase();
  const { fields, code } = WRITE_RULE[type](body, findings);
  const when = writeWhen(callType, cases);
  const open = (when?.unclear ?? []).map((atom) => ({
    line: atom.line,
    field: 'when',
    code: atom.code,
    why: atom.why,
    inRule: true,
  }));
  findings.open.push(...open);
  const names = [...new Set(eventNames(cases))];
  return {
    type,
    line,
    name: slug(names.length === 1 ? names[0]! : (code ?? callType ?? 'usage')),
    when: when?.fql ?? null,
    fields,
    about: [`From ${handler}, the request in line ${line}.`],
    aboutWhen: open.map(
      (item) => `line ${item.line}, ${describeOpen(item)}. To be written behind the last "and".`,
    ),
  };
}

/** The rules of one destination: names of their own, and for Lago ids of their own where two take one event. */
export function finishRules(rules: readonly MadeRule[], findings: Findings): DraftRule[] {
  const names = distinct(rules.map(({ name }) => name));
  return rules.map((rule, index): DraftRule => {
    const before = rules.slice(0, index);
    const name: Field = { key: 'name', value: names[index]!, above: rule.about };
    const when: Field[] =
      rule.when === null ? [] : [{ key: 'when', value: rule.when, above: rule.aboutWhen }];
    const own = sharesId(rule, before) ? [suffix(names[index]!)] : [];
    if (own.length > 0) {
      findings.faults.push({
        code: 'id_shared',
        line: rule.line,
        what: 'two requests of one event have one transaction_id',
        cost: 'Lago kept the first and refused the other',
      });
    }
    return [name, ...when, ...rule.fields, ...own];
  });
}

function sharesId(rule: MadeRule, before: readonly MadeRule[]): boolean {
  if (rule.type !== 'lago' || hasSuffix(rule)) return false;
  const taken = takenBy(rule);
  return before.some((other) => !hasSuffix(other) && mayOverlap(takenBy(other), taken));
}

function hasSuffix({ fields }: MadeRule): boolean {
  return fields.some(({ key }) => key === 'transactionIdSuffix');
}

/** The rule's name is its own, and so is a suffix made of it. */
function suffix(name: string): Field {
  return {
    key: 'transactionIdSuffix',
    value: `:${snakeCase(name)}`,
    beside: 'another rule may take the same event',
  };
}

function takenBy({ when }: MadeRule): TakenEvents {
  return eventsTakenBy(when === null ? {} : { when });
}
