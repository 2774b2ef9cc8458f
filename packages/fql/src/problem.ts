/** Why a filter's text was refused. Line and column count from 1, columns in UTF-16 units as editors do. */
export type FqlProblem = {
  line: number;
  column: number;
  /** What was found and what was expected. Holds field and function names, never the strings compared with. */
  message: string;
};

/** Turns an offset into the text into the place a person looks for. */
export function problemAt(text: string, offset: number, message: string): FqlProblem {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length, column: lines[lines.length - 1]!.length + 1, message };
}
