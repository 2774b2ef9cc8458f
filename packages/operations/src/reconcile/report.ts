import type { Destination } from '@meterbridge/destinations';
import type { EventSpan } from '@meterbridge/receipts';
import type { FindingKind, ReconcileFinding } from './findings.js';
import type { Position } from './position.js';

/** A difference between the books and an API, for whoever has to do something about it. Holds no content of an event. */
export type ReportedFinding = {
  finding: FindingKind;
  code: string;
  /** What it is called at the API. */
  usageId: string;
  owner?: string | undefined;
  /** The event's own time, ISO 8601. */
  time: string;
  messageId?: string | undefined;
  source: string;
  rule?: string | undefined;
  job?: string | undefined;
  /** ISO 8601. */
  settled: string;
  outcome: string;
  /** Of the usage event, that differ. */
  fields: string[];
  /** What the API holds of it, by its own names. */
  rows: string[];
};

export type ReconcileReport = {
  destination: string;
  type: string;
  /** ISO 8601; the end is left out. */
  from: string;
  to: string;
  /** All content was compared. */
  contents: boolean;
  lines: { code: string; booked: number; held: number; others: number; findings: number }[];
  findings: ReportedFinding[];
  /** Of so many nobody knows whether the API holds what was sent. */
  notCompared: number;
  /** Deliveries that ended without a receipt and may be of the span: they are held against nothing. */
  withoutReceipt: number;
  /** Requests that the API was asked. */
  reads: number;
  /** Requests that bring what is missing there again, as it was sent. Their bodies hold events. */
  sendAgain: { url: string; body: string }[];
};

type Reported = {
  destination: Destination;
  span: EventSpan;
  contents: boolean;
  position: Position;
  findings: readonly ReconcileFinding[];
  withoutReceipt: number;
  reads: number;
};

/** What a run has found. Pure. */
export function reportReconcile({
  destination,
  span,
  contents,
  position,
  findings,
  withoutReceipt,
  reads,
}: Reported): ReconcileReport {
  const lines = position.lines.toSorted((a, b) => (a.code < b.code ? -1 : 1));
  return {
    destination: destination.name,
    type: destination.type,
    from: new Date(span.from).toISOString(),
    to: new Date(span.to).toISOString(),
    contents,
    lines: lines.map((line) => ({
      ...line,
      findings: findings.filter(({ receipt }) => receipt.code === line.code).length,
    })),
    findings: findings.map(toReported),
    notCompared: position.notCompared,
    withoutReceipt,
    reads,
    sendAgain: requestsFor(destination, findings),
  };
}

function toReported({ finding, receipt, rows, fields }: ReconcileFinding): ReportedFinding {
  const { code, usageId, owner, eventAt, messageId, source, rule, job, settledAt, outcome } = receipt;
  return {
    finding,
    code,
    usageId,
    owner,
    time: new Date(eventAt).toISOString(),
    messageId,
    source,
    rule,
    job,
    settled: new Date(settledAt).toISOString(),
    outcome,
    fields,
    rows,
  };
}

/** One code a request, and one id at most once in each: no API takes more. */
function requestsFor(
  destination: Destination,
  findings: readonly ReconcileFinding[],
): ReconcileReport['sendAgain'] {
  const portions: { code: string; ids: Set<string>; bodies: string[] }[] = [];
  for (const { finding, receipt } of findings) {
    if (finding !== 'missing_there' || receipt.usage === undefined) continue;
    const { code, usageId, usage } = receipt;
    let portion = portions.find(
      (each) => each.code === code && each.bodies.length < destination.batchSize && !each.ids.has(usageId),
    );
    if (!portion) {
      portion = { code, ids: new Set(), bodies: [] };
      portions.push(portion);
    }
    portion.ids.add(usageId);
    portion.bodies.push(usage);
  }
  const base = destination.connection.baseUrl.replace(/\/+$/, '');
  return portions.map(({ code, bodies }) => {
    const usages = bodies.map((body, index) => ({
      key: String(index),
      recordIdentity: String(index),
      kind: code,
      body,
    }));
    const { path, body } = destination.request(usages);
    return { url: `${base}${path}`, body };
  });
}
