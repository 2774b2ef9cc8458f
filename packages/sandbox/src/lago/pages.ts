import { type Answer, answerJson } from '../answer.js';
import { LAGO_INTERNAL_ERROR } from './answers.js';

const PER_PAGE = 100;
/** Kaminari's own, for a `per_page` that it does not take. */
const PER_PAGE_INSTEAD = 25;

/** Cuts one page and answers it with Lago's `meta` (OpenAPI: PaginationMeta). */
export function answerPage<T>(
  name: string,
  items: readonly T[],
  query: URLSearchParams,
  toJson: (item: T) => unknown,
): Answer {
  const page = Math.max(1, leadingNumber(query.get('page') ?? '1') ?? 1);
  const perPage = readPerPage(query.get('per_page'));
  // A division by it, which Lago does not catch.
  if (perPage === 0) return LAGO_INTERNAL_ERROR;
  const pages = Math.ceil(items.length / perPage);
  const isEmpty = items.length === 0;
  return answerJson(200, {
    [name]: items.slice((page - 1) * perPage, page * perPage).map(toJson),
    meta: {
      current_page: isEmpty ? 0 : page,
      next_page: page < pages ? page + 1 : null,
      prev_page: !isEmpty && page > 1 ? page - 1 : null,
      total_pages: pages,
      total_count: items.length,
    },
  });
}

/** No maximum. What begins with no digit, a minus included, is not taken. */
function readPerPage(text: string | null): number {
  return text === null ? PER_PAGE : (leadingNumber(text) ?? PER_PAGE_INSTEAD);
}

/** Ruby's `to_i` of a text that begins with a digit. */
function leadingNumber(text: string): number | undefined {
  const [digits] = /^\d+/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
