import { type Decision, POINTS, type Point } from './decision.js';

/** What a person says may stay as it is: a point, or a finding by its id. */
export type Waiver = { what: string; because: string };

/** A waiver that let something pass, and what that was. */
export type UsedWaiver = Waiver & { of: string };

export type PointResult = Decision & {
  point: Point;
  /** It does not hold, and somebody lets it pass. */
  waivedBecause?: string;
  /** It was not looked at, since others do not hold. */
  notAsked?: true;
};

/** Waivers by what they are about, and which of them let something pass. */
export class Waivers {
  private readonly because: Map<string, string>;
  private readonly passed = new Map<string, string>();

  /** Said twice of one thing, the last one counts. */
  constructor(waivers: readonly Waiver[]) {
    this.because = new Map(waivers.map(({ what, because }) => [what, because]));
  }

  /** What is left of findings once those that are waived are taken out. @param say a finding in words */
  without<Found>(
    findings: readonly Found[],
    nameOf: (finding: Found) => string,
    say: (finding: Found) => string,
  ): Found[] {
    return findings.filter((finding) => {
      const name = nameOf(finding);
      if (!this.because.has(name)) return true;
      this.passed.set(name, say(finding));
      return false;
    });
  }

  /** A point that does not hold passes where it is waived. */
  apply(point: Point, decision: Decision): PointResult {
    const because = this.because.get(point);
    if (decision.ok || because === undefined) return { point, ...decision };
    this.passed.set(point, decision.words.join('; '));
    return { point, ...decision, waivedBecause: because };
  }

  used(): UsedWaiver[] {
    return this.all().flatMap((waiver) => {
      const of = this.passed.get(waiver.what);
      return of === undefined ? [] : [{ ...waiver, of }];
    });
  }

  /** Those that let nothing pass: what they name holds, or there is no such thing. */
  unused(): Waiver[] {
    return this.all().filter(({ what }) => !this.passed.has(what));
  }

  private all(): Waiver[] {
    return [...this.because].map(([what, because]) => ({ what, because }));
  }
}

/** Whether a point needs nothing more. */
export function passes({ ok, waivedBecause }: PointResult): boolean {
  return ok || waivedBecause !== undefined;
}

export function isPoint(text: string): text is Point {
  return POINTS.some((point) => point === text);
}
