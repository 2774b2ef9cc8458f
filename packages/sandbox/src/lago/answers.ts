import { type Answer, answerJson } from '../answer.js';

/** Lago's error bodies (lago-api: app/controllers/concerns/api_errors.rb). */
export const LAGO_UNAUTHORIZED = answerJson(401, { status: 401, error: 'Unauthorized' });

export const LAGO_FORBIDDEN = answerJson(403, {
  status: 403,
  error: 'Forbidden',
  code: 'write_action_not_allowed_for_event',
});

/** A key without the permission to read metrics. */
export const LAGO_METRICS_FORBIDDEN = answerJson(403, {
  status: 403,
  error: 'Forbidden',
  code: 'read_action_not_allowed_for_billable_metric',
});

export const LAGO_PLANS_FORBIDDEN = answerJson(403, {
  status: 403,
  error: 'Forbidden',
  code: 'read_action_not_allowed_for_plan',
});

export const LAGO_NO_SUBSCRIPTION = answerJson(405, {
  status: 405,
  error: 'Method Not Allowed',
  code: 'no_active_subscription',
});

/** What only organizations on ClickHouse have. */
export const LAGO_NOT_AVAILABLE = answerJson(403, {
  status: 403,
  error: 'Forbidden',
  code: 'endpoint_not_available',
});

/** No body is documented for it, and open-source Lago has no limiter. */
export const LAGO_TOO_MANY_REQUESTS = answerJson(429, { status: 429, error: 'Too Many Requests' });

/** JSON that Rails does not take: its own answer, before Lago sees anything. */
export const LAGO_BAD_REQUEST: Answer = {
  status: 400,
  headers: { 'content-type': 'text/html; charset=UTF-8' },
  body: '',
};

export const LAGO_EVENT_MISSING = answerJson(400, {
  status: 400,
  error: 'BadRequest: param is missing or the value is empty or invalid: event',
});

export const LAGO_INTERNAL_ERROR = answerJson(500, { status: 500, error: 'Internal Server Error' });

/** `resource` is 'resource' for an unknown URL. */
export function answerLagoNotFound(resource: string): Answer {
  return answerJson(404, { status: 404, error: 'Not Found', code: `${resource}_not_found` });
}

/** `details`: by field, by index in the array as sent, or a bare string for one event's failed expression. */
export function answerLagoInvalid(details: unknown): Answer {
  return answerJson(422, {
    status: 422,
    error: 'Unprocessable Entity',
    code: 'validation_errors',
    error_details: details,
  });
}
