import { errorPage, grantErrors, leverHeader, leverText, type DocumentedError } from '@payer/smart';
import { insufficientScope, invalidProof, invalidToken, Refusal } from '../gateway/refusal.js';

/** Seconds in `Retry-After`: the next request is served. */
const retryAfter = 1;

/** The refusals whose code is in `WWW-Authenticate`, and not in the OperationOutcome. */
const challenges: Record<string, (text: string) => Refusal> = {
  login: (text) => invalidToken(text, 'login'),
  expired: (text) => invalidToken(text, 'expired'),
  security: (text) => invalidToken(text, 'security'),
  invalid_token: (text) => invalidToken(text),
  invalid_dpop_proof: (text) => invalidProof('invalid_dpop_proof', text),
  forbidden: (text) => insufficientScope(text),
  insufficient_scope: (text) => insufficientScope(text),
};

/** The answer with a documented error that a lever causes. Its header has the id of the lever. */
export function causedRefusal(documented: DocumentedError, lever: string, portalUrl: string): Refusal {
  const refusal = refusalOf(documented, leverText(documented), portalUrl);
  const { status, issueCode, diagnostics: text, headers } = refusal;
  return new Refusal({ status, issueCode, text, headers: { ...headers, [leverHeader]: lever } });
}

function refusalOf({ code, statuses }: DocumentedError, text: string, portalUrl: string): Refusal {
  if (grantErrors.some((state) => state.code === code))
    return invalidToken(text, 'login', errorPage(portalUrl, code));
  const challenge = challenges[code];
  if (challenge) return challenge(text);
  const status = statuses[0] ?? 400;
  const isForLater = status === 429 || status === 503;
  const headers: Record<string, string> = isForLater ? { 'retry-after': String(retryAfter) } : {};
  return new Refusal({ status, issueCode: code, text, headers });
}
