import type { ReconcileReport } from '../reconcile/report.js';
import { counted, type Decision, decide, firstOf } from './decision.js';

/** What holding the month against its API came to. */
export type Contents =
  | { asked: true; report: Pick<ReconcileReport, 'findings' | 'notCompared' | 'lines'> }
  /** The API or the books did not say. */
  | { asked: false; why: string };

/**
 * The API holds what was sent. Pure.
 * @param contents without findings that are waived
 * @param waived how many those are
 */
export function decideContents(contents: Contents, waived: number): Decision {
  if (!contents.asked) return { ok: false, words: [contents.why] };
  const { findings, notCompared, lines } = contents.report;
  const found = findings.map(
    ({ finding, usageId, code, time }) => `${finding}: ${usageId} of ${time}, ${code}`,
  );
  const against = firstOf(found);
  if (notCompared > 0) {
    against.push(
      `of ${counted(notCompared, 'usage event')} nobody knows whether their content is what was sent`,
    );
  }
  const booked = lines.reduce((sum, line) => sum + line.booked, 0);
  const all = `the API holds all ${counted(booked, 'usage event')} as they were sent`;
  return decide(
    against,
    waived === 0 ? all : `${all}, but for ${counted(waived, 'finding')} that somebody waived`,
  );
}
