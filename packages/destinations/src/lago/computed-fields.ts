import type { HttpAnswer } from '../http-answer.js';
import { readMetricFacts } from './plan-facts.js';
import { readAllPages } from './read-pages.js';

const NOT_READ: HttpAnswer = { error: 'connection', detail: 'no more reads are made' };

/**
 * The properties that Lago computes when an event comes: of a metric with an expression it keeps the result in the
 * metric's field, whatever was sent there (lago-api: calculate_expression_service.rb). Metrics are read once, when
 * somebody first asks.
 */
export class ComputedFields {
  private readonly get: (path: string) => Promise<HttpAnswer | null>;
  private byCode: Promise<Map<string, string> | null> | undefined;

  /** @param get null where no more may be asked */
  constructor(get: (path: string) => Promise<HttpAnswer | null>) {
    this.get = get;
  }

  /** The field of a metric's code; null where Lago computes none, undefined where its metrics cannot be read. */
  async of(code: unknown): Promise<string | null | undefined> {
    this.byCode ??= this.readAll();
    const fields = await this.byCode;
    return fields ? (fields.get(String(code)) ?? null) : undefined;
  }

  private async readAll(): Promise<Map<string, string> | null> {
    const get = async (path: string) => (await this.get(path)) ?? NOT_READ;
    const metrics = await readAllPages({ get }, 'billable_metrics', readMetricFacts);
    if (!metrics.ok) return null;
    const computed = metrics.items.filter(({ expression }) => expression !== null);
    return new Map(computed.flatMap(({ code, field }) => (field === null ? [] : [[code, field]])));
  }
}
