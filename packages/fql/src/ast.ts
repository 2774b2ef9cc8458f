/** A single value of the language; a literal list holds these and no further lists. */
export type FqlScalar = string | number | boolean | null;

export type FqlComparison = '=' | '!=' | '>' | '>=' | '<' | '<=' | 'in';

/** Where a node stands in the text: offsets in UTF-16 units, `end` exclusive. */
type Span = { start: number; end: number };

/** A filter as a tree. Parentheses are gone: the tree's shape says what they said. */
export type FqlNode = Span &
  (
    | { kind: 'literal'; value: FqlScalar | readonly FqlScalar[] }
    | { kind: 'path'; segments: readonly string[] }
    | { kind: 'call'; name: string; args: readonly FqlNode[] }
    | { kind: 'compare'; operator: FqlComparison; left: FqlNode; right: FqlNode }
    | { kind: 'not'; operand: FqlNode }
    | { kind: 'and' | 'or'; operands: readonly FqlNode[] }
  );
