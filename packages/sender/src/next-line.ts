import type { SendLine } from './send-line.js';

/** No event is to wait longer than two seconds while the limit suffices: this leaves time for others that are late too. */
export const LATE_AFTER_MS = 1_500;

/**
 * Which line the next request is filled from. The fullest, so that requests are few; but a line is due as soon as it
 * fills a request or its first event is late, and what is due goes before. Where several are due, the limit may not
 * suffice for all. Then each has turns in proportion to what waits in it, so that a source which gives each of its
 * events a kind of its own gets no more requests than it has events; the oldest goes first among equals. Each
 * one's turn comes, since its turns due only grow until then.
 * @param lines not empty, none of them empty; their `turnsDue` are kept up
 */
export function chooseLine(lines: Iterable<SendLine>, maxEvents: number, now: number): SendLine {
  let fullest: SendLine | undefined;
  const due: SendLine[] = [];
  let dueEvents = 0;
  for (const line of lines) {
    if (!fullest || line.length > fullest.length) fullest = line;
    if (line.length < maxEvents && now - line.since < LATE_AFTER_MS) continue;
    due.push(line);
    dueEvents += line.length;
  }
  if (due.length === 0) return fullest!;
  let chosen = due[0]!;
  for (const line of due) {
    line.turnsDue += line.length / dueEvents;
    const ahead = line.turnsDue - chosen.turnsDue;
    if (ahead > 0 || (ahead === 0 && line.since < chosen.since)) chosen = line;
  }
  chosen.turnsDue -= 1;
  return chosen;
}
