import { deflateRawSync } from 'node:zlib';

/** A buffer as large as most batches need, and how many of them are kept for the next ones. */
const USUAL_BYTES = 512 * 1_024;
const SPARES = 8;
const spares: Buffer[] = [];

const COMMA = 0x2c;
const OPENING = 0x5b;
const CLOSING = 0x5d;
const CLOSING_BRACE = 0x7d;

/**
 * The JSON array of a batch's deliveries while it is put together, as bytes: hundreds of texts that are joined
 * to one are copied twice more on their way to the compressor, which was two thirds of what encoding took
 * (measured). Nobody holds an event's text once it is added.
 */
export class BatchText {
  private buffer = spares.pop() ?? Buffer.allocUnsafeSlow(USUAL_BYTES);
  private end = 0;
  /** Deliveries that were added. */
  count = 0;

  /** Of the JSON so far. */
  get bytes(): number {
    return this.end;
  }

  /**
   * Adds a delivery of two parts: the event is written as JSON once, whatever joins it.
   * @param head as `deliveryHead` gives it
   */
  addEvent(head: string, eventJson: string): void {
    this.begin(head.length + eventJson.length + 1);
    this.write(head);
    this.write(eventJson);
    this.buffer[this.end++] = CLOSING_BRACE;
  }

  /** Adds a delivery that is JSON already. */
  add(json: string): void {
    this.begin(json.length);
    this.write(json);
  }

  /** Raw deflate of the array, as base64. The end of it: nothing can be added any more. */
  deflate(): string {
    if (this.count === 0) this.begin(0);
    this.buffer[this.end++] = CLOSING;
    // Level 1, because higher levels cost more CPU than they save.
    const z = deflateRawSync(this.buffer.subarray(0, this.end), { level: 1 }).toString('base64');
    if (this.buffer.length === USUAL_BYTES && spares.length < SPARES) spares.push(this.buffer);
    return z;
  }

  /** Makes room for so many UTF-16 units, of which each is three bytes at most, and for what stands around them. */
  private begin(characters: number): void {
    const needed = this.end + 3 * characters + 2;
    if (needed > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.buffer.length));
      this.buffer.copy(larger, 0, 0, this.end);
      this.buffer = larger;
    }
    const separator = this.end === 0 ? OPENING : COMMA;
    this.buffer[this.end++] = separator;
    if (characters > 0) this.count += 1;
  }

  private write(text: string): void {
    this.end += this.buffer.write(text, this.end);
  }
}

const heads = new Map<string, Map<string, string>>();

/** How the JSON of a delivery begins, up to its event. As many are remembered as there are rules and sources. */
export function deliveryHead(rule: string, source: string): string {
  const bySource = heads.get(rule) ?? new Map<string, string>();
  const known = bySource.get(source);
  if (known !== undefined) return known;
  const head = `{"rule":${JSON.stringify(rule)},"source":${JSON.stringify(source)},"event":`;
  heads.set(rule, bySource.set(source, head));
  return head;
}
