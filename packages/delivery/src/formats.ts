/*
 * The formats of what is stored, for versions that run side by side: docs/adr/0023-a-number-for-each-form.md says how one
 * is raised. A record says the number of its format, and none where that is 1.
 */

/**
 * What has a format. `store`: all that scripts change in place, which has no record of its own (the books, the gates,
 * the lists of what there is); the others are records, which one process writes and another reads.
 */
export type StoredKind =
  | 'store'
  | 'job'
  | 'dead-letter'
  | 'rules'
  | 'replay'
  | 'forget-request'
  | 'erasure'
  | 'receipt';

export type Format = {
  /** The highest that this version reads. */
  reads: number;
  /** The one that it writes. */
  writes: number;
  /** The version that could read first what is written. */
  since: string;
};

export type Formats = Readonly<Record<StoredKind, Format>>;

/** Of this version. */
export const FORMATS: Formats = {
  store: { reads: 1, writes: 1, since: '0.1.0' },
  job: { reads: 1, writes: 1, since: '0.1.0' },
  'dead-letter': { reads: 1, writes: 1, since: '0.1.0' },
  rules: { reads: 1, writes: 1, since: '0.1.0' },
  replay: { reads: 1, writes: 1, since: '0.1.0' },
  'forget-request': { reads: 1, writes: 1, since: '0.2.0' },
  erasure: { reads: 1, writes: 1, since: '0.2.0' },
  receipt: { reads: 1, writes: 1, since: '0.2.0' },
};

/** What was stored before there were numbers. */
const FIRST = 1;

/**
 * The format of a record that this version does not read; undefined where it reads it.
 * @param said what the record says of itself; a word that is no number counts as a format that is not known
 */
export function newerFormat(kind: StoredKind, said: unknown, formats: Formats = FORMATS): number | undefined {
  const format = said === undefined || said === null ? FIRST : Number(said);
  return format <= formats[kind].reads ? undefined : format;
}

/** What a record that is written now says of its format: nothing where that is the first. */
export function formatToWrite(kind: StoredKind, formats: Formats = FORMATS): number | undefined {
  const { writes } = formats[kind];
  return writes === FIRST ? undefined : writes;
}

/** A record of a newer version was about to be read: whoever meets it leaves it as it is. */
export class NewerFormatError extends Error {
  override name = 'NewerFormatError';
  readonly code = 'newer_format';
  readonly kind: StoredKind;
  readonly format: number;

  constructor(kind: StoredKind, format: number) {
    super(`${kind} of format ${format}, written by a newer version`);
    this.kind = kind;
    this.format = format;
  }
}

/** What the installation's Redis says of a kind: the highest format that was ever written, and who reads it. */
export type ToldFormat = { format: number; since: string };

/** By kind; those of which nothing is said are missing. */
export type ToldFormats = Partial<Record<StoredKind, ToldFormat>>;

/** What a person is told of a record of a newer version. */
export function newerWords(kind: StoredKind, format: number, told: ToldFormats): string {
  const known = told[kind];
  const version =
    known !== undefined && known.format >= format ? `version ${known.since} or later` : 'that version';
  return `written by a newer version: use ${version}`;
}

/** What of a version's formats the installation is to be told, since it is not or since it writes a higher one. */
export function formatsToTell(told: ToldFormats, formats: Formats = FORMATS): [StoredKind, ToldFormat][] {
  return (Object.keys(formats) as StoredKind[]).flatMap((kind) => {
    const { writes, since } = formats[kind];
    const isTold = (told[kind]?.format ?? 0) >= writes;
    return isTold ? [] : [[kind, { format: writes, since }]];
  });
}
