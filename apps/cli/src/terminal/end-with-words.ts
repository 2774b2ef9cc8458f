import { LocalRedisError } from '@meterbridge/local-redis';
import { describeRedisError } from '@meterbridge/queue';
import { endProgram } from '@meterbridge/telemetry';
import { isForPeople } from '../load-context.js';
import { printNote } from './print.js';
import { noteWidth, wrapText } from './wrap-text.js';

/** The one place where an error becomes what the person at the terminal reads. Ends with exit code 1. */
export function endWithWords(error: unknown): never {
  return endProgram(error, { words, onBug, say: (sentence) => printNote(wrapText(sentence, noteWidth())) });
}

function words(error: unknown): string | null {
  if (isForPeople(error) || error instanceof LocalRedisError) return error.message;
  return describeRedisError(error);
}

/** Its frames, and none of its fields. A login in an URL is nobody's to read. */
function onBug(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  printNote(text.replace(/\/\/[^\s/@]*@/g, '//…@'));
}
