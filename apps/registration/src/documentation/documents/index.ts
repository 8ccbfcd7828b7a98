import type { Document } from './document.js';
import { apiDocument } from './api.js';
import { changeLog } from './change-log.js';
import { clientAuthentication } from './client-authentication.js';
import { directoryDocument } from './directory.js';
import { conformanceDocument } from './conformance.js';
import { errorsDocument } from './errors.js';
import { fhirDocument } from './fhir.js';
import { flows } from './flows.js';
import { gettingAccess } from './getting-access.js';
import { guidesDocument } from './guides.js';
import { leversDocument } from './levers.js';
import { limitsDocument } from './limits.js';
import { redirectUriRules } from './redirect-uris.js';
import { revocation } from './revocation.js';
import { sandboxMembersDocument } from './sandbox-members.js';
import { scopesDocument } from './scopes.js';
import { snippetsDocument } from './snippets.js';
import { securitySwitches } from './security-switches.js';
import { tokens } from './tokens.js';
import { webhooksDocument } from './webhooks.js';

/** The documents of the menu, in reading order. */
export const documents: readonly Document[] = [
  gettingAccess,
  flows,
  clientAuthentication,
  snippetsDocument,
  securitySwitches,
  redirectUriRules,
  scopesDocument,
  tokens,
  revocation,
  webhooksDocument,
  errorsDocument,
  fhirDocument,
  directoryDocument,
  sandboxMembersDocument,
  leversDocument,
  limitsDocument,
  guidesDocument,
  conformanceDocument,
  changeLog,
  apiDocument,
];
