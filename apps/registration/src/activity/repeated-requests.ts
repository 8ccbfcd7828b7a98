import type { RequestView } from './app-requests.js';

/** A request of the list, with the number of equal failures that came right before it. */
export interface ListedRequest {
  /** The newest of them. */
  request: RequestView;
  times: number;
  /** When the oldest of them was sent. */
  since: string;
}

const sameness = ({
  environment,
  kind,
  method,
  path,
  status,
  error,
  cause,
  redirect_uri,
  lever,
}: RequestView) =>
  JSON.stringify([environment, kind, method, path, status, error, cause, redirect_uri, lever]);

/**
 * Joins failures that follow each other and are equal but for their time. `requests` has the newest first.
 */
export function joinRepeated(requests: readonly RequestView[]): ListedRequest[] {
  const listed: ListedRequest[] = [];
  for (const request of requests) {
    const last = listed.at(-1);
    const isRepeated = last && request.cause !== null && sameness(last.request) === sameness(request);
    if (isRepeated) Object.assign(last, { times: last.times + 1, since: request.at });
    else listed.push({ request, times: 1, since: request.at });
  }
  return listed;
}
