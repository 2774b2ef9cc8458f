const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Whether a text is a number in digits, as an API sums it. */
export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

/** A sum of decimals, exact however long they are. */
export class DecimalSum {
  private units = 0n;
  /** Decimals of `units`. */
  private scale = 0;

  /** @param text for which `isDecimal` holds */
  add(text: string): void {
    const [, sign = '', whole = '0', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
    const decimals = fraction.length - Number(exponent);
    const digits = BigInt(`${whole}${fraction}`) * 10n ** BigInt(Math.max(0, -decimals));
    const scale = Math.max(0, decimals);
    const common = Math.max(scale, this.scale);
    const added = digits * 10n ** BigInt(common - scale);
    this.units = this.units * 10n ** BigInt(common - this.scale) + (sign === '-' ? -added : added);
    this.scale = common;
  }

  /** Without an exponent, and without zeros that say nothing. */
  toString(): string {
    const sign = this.units < 0n ? '-' : '';
    const digits = String(this.units < 0n ? -this.units : this.units).padStart(this.scale + 1, '0');
    const whole = digits.slice(0, digits.length - this.scale);
    const fraction = digits.slice(digits.length - this.scale).replace(/0+$/, '');
    return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
  }
}
