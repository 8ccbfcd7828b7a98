import type { Plan } from '@payer/smart';
import type { JWK } from 'jose';

/** One request of a run with its answer, as sent over the network. The app's secrets are omitted. */
export interface Step {
  title: string;
  /** The purpose of the step, and the interesting parts of the answer. */
  explanation: string;
  request: { method: string; url: string; headers: Record<string, string>; body?: string };
  /** Undefined for a step of the member's browser: the portal saw only its result. */
  answer?: { status: number; headers: Record<string, string>; body: string; duration: number };
  /** OAuth error code of the answer. Its page in the documentation explains the remedy. */
  error?: string;
  isOk: boolean;
}

/** A run of an app's flow in the sandbox. It is stored sealed, because it contains tokens. */
export interface Run {
  id: string;
  client_id: string;
  client_name: string;
  plan: Plan;
  /** `state` of the authorization request; PKCE verifier. */
  state: string;
  verifier: string;
  /** Whether the app pushes its authorization request (RFC 9126). */
  is_pushed: boolean;
  /** The answer to the pushed request, for the browser. */
  request_uri?: string;
  /** Private key of the run's DPoP proofs (RFC 9449). Undefined for an app with bearer tokens. */
  proof_key?: JWK;
  steps: Step[];
  /** Whether the member's browser has come back. A reload of the callback exchanges nothing again. */
  is_back?: boolean;
  code?: string;
  access_token?: string;
  /** When the access token ends, in milliseconds since 1970. */
  expires_at?: number;
  refresh_token?: string;
  id_token?: string;
  patient?: string;
}
