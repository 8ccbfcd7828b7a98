import type { Plan } from '@payer/smart';

/** One request of a run with its answer, as it went over the wire. Secrets of the app are left out. */
export interface Step {
  title: string;
  /** What the step is for, and what to look at in the answer. */
  explanation: string;
  request: { method: string; url: string; headers: Record<string, string>; body?: string };
  /** Undefined for a step that the member's browser made: the portal saw only its result. */
  answer?: { status: number; headers: Record<string, string>; body: string; duration: number };
  /** OAuth error code of the answer; its page in the documentation says what to do. */
  error?: string;
  isOk: boolean;
}

/** A run of an app's flow in the sandbox. It is stored sealed: it holds tokens. */
export interface Run {
  id: string;
  client_id: string;
  client_name: string;
  plan: Plan;
  /** `state` of the authorization request; PKCE verifier. */
  state: string;
  verifier: string;
  steps: Step[];
  code?: string;
  access_token?: string;
  refresh_token?: string;
  id_token?: string;
  patient?: string;
}
