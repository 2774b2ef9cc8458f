import type { Sym } from './symbols.js';
import type { Remark } from './value-rule.js';

/** In which form a function sends the time; `now` is that of sending. */
export type TimeForm = 'missing' | 'now' | 'iso' | 'ms' | 's' | 'unclear';

/** How a function says when something happened. */
export function timeForm(sym: Sym): TimeForm {
  switch (sym.kind) {
    case 'constant':
      return sym.value === undefined || sym.value === null ? 'missing' : 'unclear';
    case 'time':
      if (sym.of === null) return 'now';
      return sym.form === 'date' ? 'iso' : sym.form;
    case 'path':
      return 'iso';
    case 'converted':
      return timeForm(sym.of);
    case 'optional':
      return timeForm(sym.of);
    case 'fallback':
      return timeForm(sym.options[0]!);
    default:
      return 'unclear';
  }
}

/** Meterbridge always sends the event's own `timestamp`: where the function sent another, that is a difference. */
export function aboutTime(sym: Sym, line: number): Remark[] {
  const place = placeOfTime(sym);
  if (place === 'timestamp' || timeForm(sym) === 'missing' || timeForm(sym) === 'now') return [];
  const sent = place === null ? 'a time that cannot be told from the code' : place;
  return [{ line, what: `the function sent ${sent}; Meterbridge sends the event's timestamp` }];
}

function placeOfTime(sym: Sym): string | null {
  if (sym.kind === 'path') return sym.path.join('.');
  if (sym.kind === 'time' && sym.of) return placeOfTime(sym.of);
  if (sym.kind === 'converted' || sym.kind === 'optional') return placeOfTime(sym.of);
  return sym.kind === 'fallback' ? placeOfTime(sym.options[0]!) : null;
}
