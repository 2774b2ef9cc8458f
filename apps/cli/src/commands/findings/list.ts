import { listFindings, type PlacedFinding } from '@meterbridge/operations';
import { withRunningSystem } from '../../load-context.js';
import { createLineWriter } from '../../terminal/line-writer.js';
import { print } from '../../terminal/print.js';
import { type TableOptions, tableWidth } from '../../terminal/table.js';
import { renderFindings } from './render.js';

export type ListOptions = TableOptions & {
  destination?: string;
  resolved?: boolean;
  limit?: number;
  json?: boolean;
};

const LINES = 20;

/** Prints what destinations report as taken and not billed. */
export async function list({ destination, resolved, limit, json, wide }: ListOptions): Promise<void> {
  await withRunningSystem(async (ops) => {
    const found = await listFindings(ops, { destination, resolved });
    if (!json) return print(renderFindings(found, limit ?? LINES, tableWidth({ wide })));
    const out = createLineWriter(process.stdout);
    for (const finding of found.slice(0, limit)) await out.write(JSON.stringify(toJson(finding)));
    await out.end();
  });
}

/** A finding for machines, its times as everywhere. */
export function toJson({ at, seen, waived, resolved, ...finding }: PlacedFinding) {
  const timed = <Word extends { at: number }>(word: Word | undefined) =>
    word && { ...word, at: isoTime(word.at) };
  return {
    ...finding,
    at: isoTime(at),
    seen: isoTime(seen),
    waived: timed(waived),
    resolved: timed(resolved),
  };
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}
