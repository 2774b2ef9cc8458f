import { type Answer, answerJson, readCount } from '../answer.js';

/** Cuts one page and answers it with Lago's `meta` (OpenAPI: PaginationMeta). */
export function answerPage<T>(
  name: string,
  items: readonly T[],
  query: URLSearchParams,
  toJson: (item: T) => unknown,
): Answer {
  const page = Math.max(1, readCount(query.get('page'), 1));
  const perPage = Math.max(1, readCount(query.get('per_page'), 100));
  const pages = Math.ceil(items.length / perPage);
  return answerJson(200, {
    [name]: items.slice((page - 1) * perPage, page * perPage).map(toJson),
    meta: {
      current_page: page,
      next_page: page < pages ? page + 1 : null,
      prev_page: page > 1 ? page - 1 : null,
      total_pages: pages,
      total_count: items.length,
    },
  });
}
