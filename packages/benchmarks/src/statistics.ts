/** The value below which `share` (0 to 1) of the values lie; NaN of none. Sorts a copy. */
export function percentile(values: readonly number[] | Float64Array, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const index = Math.max(0, Math.ceil(share * sorted.length) - 1);
  return sorted[index] ?? Number.NaN;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle)
    ? (sorted[middle - 1]! + sorted[middle]!) / 2
    : (sorted[Math.floor(middle)] ?? Number.NaN);
}

/** Of each number the median over the records; all have the same fields. */
export function medians<Figures extends Record<string, number>>(records: readonly Figures[]): Figures {
  const fields = Object.keys(records[0]!).map((field) => [
    field,
    median(records.map((each) => each[field]!)),
  ]);
  return Object.fromEntries(fields) as Figures;
}

/** The most that lie in any window of that length, whose end does not belong to it. */
export function mostWithin(times: readonly number[], windowMs: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  let most = 0;
  let first = 0;
  sorted.forEach((time, index) => {
    while (time - sorted[first]! >= windowMs) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return most;
}
