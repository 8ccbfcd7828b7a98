import type { AppState, EnvironmentAddresses } from '@payer/smart';

/** An authorization request of a known app with a registered redirect URI. */
export interface AuthorizationRequest {
  app: AppState;
  addresses: EnvironmentAddresses;
  /** Parameters of the request. Of a repeated parameter the first value counts. */
  parameters: URLSearchParams;
  /** Whether the app has pushed the request (RFC 9126). */
  isPushed?: boolean;
}

/** An error that goes back to the app's redirect URI (RFC 6749 §4.1.2.1). */
export interface AuthorizationError {
  error:
    | 'unauthorized_client'
    | 'invalid_request'
    | 'invalid_scope'
    | 'invalid_target'
    | 'registration_not_supported'
    | 'unsupported_response_type'
    | 'account_selection_required';
  description: string;
}

/** A rule of the authorization endpoint: its error, or undefined for a request that keeps the rule. */
export type Check = (request: AuthorizationRequest) => AuthorizationError | undefined;
