/** What is logged of an error. */
export type DescribedError = {
  type: string;
  message?: string;
  code?: string;
  stack?: string;
  cause?: DescribedError;
};

/**
 * Picks what may be logged of an error. Its other fields stay out: HTTP clients hang requests with their
 * headers on them. So does a SyntaxError's message: that of JSON.parse quotes what it was given to parse.
 */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { code?: unknown };
  const described: DescribedError = { type: error.name };
  if (error.name !== 'SyntaxError') described.message = error.message;
  if (typeof code === 'string') described.code = code;
  // The frames alone: the text above them repeats the message.
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  if (frames && frames.length > 0) described.stack = frames.join('\n');
  if (error.cause !== undefined && depth < 3) described.cause = describeError(error.cause, depth + 1);
  return described;
}
