/** How something that stands before an API refuses a request, in words of its own. */
export type Refusal = {
  name: string;
  /** `cut`: the request is read, and then the connection is gone. */
  answer: { status: number; body: string } | 'cut';
  /** The reason of the dead letter of an event that is always refused so. */
  deadAs: 'refused' | 'fails_alone';
};

const page = (status: number, words: string) => ({
  status,
  body: [
    '<html>',
    `<head><title>${status} ${words}</title></head>`,
    '<body>',
    `<center><h1>${status} ${words}</h1></center>`,
    '<hr><center>nginx</center>',
    '</body>',
    '</html>',
    '',
  ].join('\r\n'),
});

export const FORBIDDEN: Refusal = { name: '403', answer: page(403, 'Forbidden'), deadAs: 'refused' };
export const BROKEN: Refusal = {
  name: '500',
  answer: page(500, 'Internal Server Error'),
  deadAs: 'fails_alone',
};
export const CUT: Refusal = { name: 'cut', answer: 'cut', deadAs: 'fails_alone' };

/** What is promised of a firewall is promised of each of these. */
export const REFUSALS: readonly Refusal[] = [
  FORBIDDEN,
  { name: '406', answer: page(406, 'Not Acceptable'), deadAs: 'refused' },
  { name: '429', answer: page(429, 'Too Many Requests'), deadAs: 'fails_alone' },
  { name: '400', answer: page(400, 'Bad Request'), deadAs: 'refused' },
  BROKEN,
  CUT,
];
