import { parseJson } from '@meterbridge/segment-events';
import { type Document, isNode, LineCounter, parseDocument, visit } from 'yaml';
import { describeYamlSlip } from './describe-yaml-slip.js';
import type { ConfigProblem, ProblemPath } from './problem.js';

export type ReadYaml =
  | { ok: true; data: unknown; lineOf: (path: ProblemPath) => number | undefined }
  | { ok: false; problems: ConfigProblem[] };

/**
 * Reads YAML and remembers where everything stands. A number that a double cannot hold is text with the digits that
 * are written, as it is where an event holds one. Messages name no text of the file: it may be
 * a key.
 */
export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  // The others are mostly what the first one made of the rest.
  if (error) {
    const { line, col: column } = lines.linePos(error.pos[0]);
    const slip = describeYamlSlip(text, error.code, { line, column });
    return { ok: false, problems: [{ path: [], message: `not YAML: ${slip.message}`, line: slip.line }] };
  }

  keepDigits(document);

  /** The line of the value itself, or of the nearest thing around it that is there. */
  function lineOf(path: ProblemPath): number | undefined {
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  }

  try {
    return { ok: true, data: document.toJS(), lineOf };
  } catch {
    // Aliases that stand for more aliases: the library stops at a hundred.
    return { ok: false, problems: [{ path: [], message: 'not YAML: aliases without an end' }] };
  }
}

function keepDigits(document: Document): void {
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value !== 'number' || node.source === undefined) return;
      const exact = parseJson(toJsonNumber(node.source));
      if (typeof exact === 'string') node.value = exact;
    },
  });
}

/** YAML allows a plus, zeros before a number, and no digit before or behind its point. */
function toJsonNumber(written: string): string {
  return written
    .replace(/^\+/, '')
    .replace(/^(-?)0+(?=\d)/, '$1')
    .replace(/^(-?)\./, '$10.')
    .replace(/\.(?=$|[eE])/, '');
}
