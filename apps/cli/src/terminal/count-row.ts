import { grouped } from './grouped.js';
import { visible } from './visible.js';

/** A line of a list for people: how many, and of what, in words of one line. @param width of the number */
export function countRow(count: number, words: string, width = 9): string {
  return `${grouped(count).padStart(width)}  ${visible(words)}`;
}
