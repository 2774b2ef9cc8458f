import type { LateTotal } from '@meterbridge/queue';
import { grouped } from './grouped.js';

/** So many lines of late usage are shown; the JSON has all that are kept. */
const SHOWN = 10;

/** What was delivered and may never be billed, in words, and whose it is; nothing where all came in time. */
export function lateWords({ late, lateUsage }: { late: number; lateUsage: readonly LateTotal[] }): string[] {
  if (late === 0) return [];
  const lines = lateUsage.slice(0, SHOWN).map(({ month, owner, kind, deliveries, quantity }) => {
    const whose = owner === null ? 'others' : `${owner}, ${kind}`;
    return `  ${month} ${whose}: ${grouped(deliveries)}${quantity === null ? '' : `, ${quantity} units`}`;
  });
  const rest = lateUsage.length - lines.length;
  return [
    `${grouped(late)} of the delivered came too late for a bill: at most what is paid in advance or recurring is billed`,
    ...lines,
    ...(rest > 0 ? [`  and ${grouped(rest)} more lines (--json)`] : []),
  ];
}
