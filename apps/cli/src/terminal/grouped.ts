/**
 * A number as people read it: 1,234,567. `toLocaleString` says the same, and loads what Node knows of languages first:
 * 15 ms of CPU.
 */
export function grouped(value: number): string {
  return String(value).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');
}
