import { createHmac, hash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';

const EMAIL = /^[^\s@]+@[^\s@]+$/;

/**
 * Hides a value but for what helps people recognise it, as in Hyperline's guide: `J***`, and
 * `l***.c***@yourcompany.com` for an email. Whatever is not text becomes `***`; what is absent stays so.
 */
export function maskValue(value: unknown): unknown {
  if (value === undefined || value === null) return value;
  if (typeof value !== 'string') return '***';
  if (!EMAIL.test(value)) return maskWord(value);
  const at = value.indexOf('@');
  let masked = '';
  let from = 0;
  for (let dot = value.indexOf('.'); dot !== -1 && dot < at; dot = value.indexOf('.', from)) {
    masked += `${maskWord(value.slice(from, dot))}.`;
    from = dot + 1;
  }
  return `${masked}${maskWord(value.slice(from, at))}${value.slice(at)}`;
}

/** A single character is all there is to hide, and what is hidden stays as it is: masking twice is masking once. */
function maskWord(word: string): string {
  const first = String.fromCodePoint(word.codePointAt(0) ?? 0);
  return word.length <= first.length || word === '***' ? '***' : `${first}***`;
}

/** SHA-256 in hex: of text as it is, of anything else as JSON with its keys in order. What is absent stays so. */
export function hashValue(value: unknown): unknown {
  if (value === undefined || value === null) return value;
  return hash('sha256', textOf(value), 'hex');
}

/**
 * HMAC-SHA-256 in hex, of the same text. Phone numbers and emails are few enough to hash them all and compare: without
 * the key that finds nothing.
 */
export function hashWithKey(value: unknown, key: string): unknown {
  if (value === undefined || value === null) return value;
  return createHmac('sha256', key).update(textOf(value)).digest('hex');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}
