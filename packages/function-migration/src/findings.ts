import type { Field } from '@meterbridge/config-draft';
import type { Vendor } from './recipes.js';
import type { Sym } from './symbols.js';
import { type Remark, translate } from './value-rule.js';

/** What was wrong in the function, and what that cost. */
export type Fault = { code: FaultCode; line: number; what: string; cost: string };

export type FaultCode =
  | 'does_not_parse'
  | 'response_ignored'
  | 'refusal_is_success'
  | 'outage_is_success'
  | 'outage_is_dropped'
  | 'refusal_is_repeated'
  | 'empty_answer_fails'
  | 'fields_not_read'
  | 'fields_missing'
  | 'customer_not_read'
  | 'time_missing'
  | 'time_not_read'
  | 'id_made_up'
  | 'id_shared'
  | 'body_is_no_text'
  | 'key_in_code';

/** What a person has to write before the configuration loads. `inRule`: there is an empty place for it. */
export type OpenItem = { line: number; field: string; code: string; why: string; inRule: boolean };

export type Findings = {
  faults: Fault[];
  /** What the configuration does otherwise than the function did. */
  differences: Remark[];
  open: OpenItem[];
};

/** The same finding once, in the order of the function's lines. */
export function tidy({ faults, differences, open }: Findings): Findings {
  return { faults: byLine(faults), differences: byLine(differences), open: byLine(open) };
}

function byLine<T extends { line: number }>(items: readonly T[]): T[] {
  const distinct = [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
  return distinct.toSorted((a, b) => a.line - b.line);
}

/**
 * A field of a rule. What cannot be told is left empty, which no configuration loads with: whoever fills it in
 * decides, and nobody is billed by a guess.
 */
export function valueField(
  findings: Findings,
  type: Vendor,
  key: string,
  { value, line }: { value: Sym; line: number },
  field = key,
): Field | null {
  const translation = translate(value, type, { line, code: '' });
  if (translation.is === 'omit') return null;
  if (translation.is === 'rule') {
    findings.differences.push(...translation.remarks);
    return { key, value: translation.rule };
  }
  return openField(findings, key, { ...translation, field });
}

/** A field that a person has to fill in; the comment above it says what the function had there. */
export function openField(findings: Findings, key: string, item: Omit<OpenItem, 'inRule'>): Field {
  const { line, field, code, why } = item;
  findings.open.push({ line, field, code, why, inRule: true });
  return {
    key,
    value: '',
    above: [`line ${line}, ${describeOpen(item)}. To be written here, or taken out.`],
  };
}

export function describeOpen({ field, code, why }: Omit<OpenItem, 'inRule'>): string {
  return code === '' ? `${field}: ${why}` : `${field}: \`${code}\` (${why})`;
}
