import type { RequestRef } from '@meterbridge/delivery';
import type { Entry } from './entry.js';

/** What a request to an API carries: the jobs that its events are of, each once. */
export function jobsOf(batch: readonly Entry[]): string[] {
  const jobIds = new Set<string>();
  let last: string | undefined;
  for (const { waiter } of batch) {
    // Neighbours are nearly always of one job.
    if (waiter.jobId === last || waiter.jobId === undefined) continue;
    last = waiter.jobId;
    jobIds.add(last);
  }
  return [...jobIds];
}

/** The requests that brought the events of a batch, each once; of repeats that wait for the same answer as well. */
export function requestsOf(batch: readonly Entry[]): RequestRef[] {
  const requests = new Map<string, RequestRef>();
  const add = (request: RequestRef | undefined) => request && requests.set(request.id, request);
  for (const { request, twins } of batch) {
    add(request);
    for (const twin of twins ?? []) add(twin.request);
  }
  return [...requests.values()];
}
