import { leverError, leverText, type AppState, type Environment } from '@payer/smart';
import type { NextErrors } from './next-errors.js';

/** Errors that no redirect carries, because the app or its redirect URI is in doubt. A page shows them. */
const errorsOnPage = new Set(['invalid_redirect_uri', 'invalid_client', 'invalid_request_uri']);

/** The problem of an authorization request. Without `lever`, the request itself is at fault. */
export interface CausedProblem {
  error: string;
  description: string;
  /** Id of the lever that caused the error. */
  lever?: string;
  isOnPage?: boolean;
}

/** The error of the authorization endpoint that the developer has asked for, if one waits. */
export async function causedProblem(
  nextErrors: NextErrors,
  app: AppState,
  environment: Environment,
): Promise<CausedProblem | undefined> {
  const waiting = await nextErrors.take(app, environment, 'authorization');
  const documented = waiting && leverError('authorization', waiting.error);
  if (!documented) return undefined;
  return {
    error: documented.code,
    description: leverText(documented),
    lever: waiting.id,
    isOnPage: errorsOnPage.has(documented.code),
  };
}
