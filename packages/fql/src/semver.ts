type Version = { numbers: readonly number[]; preRelease: readonly string[] };

/** The operators `semver()` takes, as text in its second argument. */
export const SEMVER_OPERATORS = ['=', '!=', '>', '>=', '<', '<='] as const;

// No two parts of it can take the same characters, so it is linear; digits are bounded to stay exact.
const VERSION =
  /^(\d{1,15})(?:\.(\d{1,15})(?:\.(\d{1,15})(?:-([\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*))?(?:\+[\dA-Za-z.-]+)?)?)?$/;

/**
 * Compares two versions. Partial ones are filled with zeros (`1.2` is `1.2.0`); a pre-release comes before its
 * release, ordered as https://semver.org (section 11) says. False where either side is not a version.
 */
export function compareVersions(left: unknown, operator: unknown, right: unknown): boolean {
  const a = readVersion(left);
  const b = readVersion(right);
  if (a === undefined || b === undefined) return false;
  const order = orderOf(a, b);
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    default:
      return false;
  }
}

/** Whether a text is a version; another one compares with nothing. */
export function isVersion(text: string): boolean {
  return readVersion(text) !== undefined;
}

function readVersion(value: unknown): Version | undefined {
  if (typeof value !== 'string' || value.length > 256) return undefined;
  const parts = VERSION.exec(value);
  if (parts === null) return undefined;
  return {
    numbers: [Number(parts[1]), Number(parts[2] ?? 0), Number(parts[3] ?? 0)],
    preRelease: parts[4]?.split('.') ?? [],
  };
}

function orderOf(a: Version, b: Version): number {
  for (const [index, number] of a.numbers.entries()) {
    if (number !== b.numbers[index]) return number - b.numbers[index]!;
  }
  if (a.preRelease.length === 0 || b.preRelease.length === 0)
    return b.preRelease.length - a.preRelease.length;
  for (const [index, part] of a.preRelease.entries()) {
    const other = b.preRelease[index];
    if (other === undefined) return 1;
    const order = orderOfParts(part, other);
    if (order !== 0) return order;
  }
  return a.preRelease.length - b.preRelease.length;
}

/** Numbers by size, before words; words by their characters. */
function orderOfParts(a: string, b: string): number {
  const isNumberA = /^\d+$/.test(a);
  const isNumberB = /^\d+$/.test(b);
  if (isNumberA && isNumberB) return Number(a) - Number(b);
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}
