import type { AnswerSigner } from '@payer/service';
import type { LoggerService } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { AppRequests } from '../app-requests/app-requests.js';
import type { FailedAuthorizations } from '../authorization/failed-authorizations.js';
import type { ClientAssertions } from '../client-authentication/client-assertions.js';
import type { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import type { EventFreshness } from '../event-freshness.js';
import type { Keys } from '../keys/keys.js';
import type { Members } from '../members/members.js';
import type { Representations } from '../representation/representations.js';
import type { RequestLimits } from '../rate-limits/request-limits.js';
import type { OpenInteractions } from './interactions/open-interactions.js';

/** The dependencies of an environment's engine. */
export interface ProviderParts {
  config: Config;
  source: DataSource;
  apps: Apps;
  assertions: ClientAssertions;
  freshness: EventFreshness;
  members: Members;
  representations: Representations;
  keys: Keys;
  failures: FailedAuthorizations;
  requests: AppRequests;
  interactions: OpenInteractions;
  limits: RequestLimits;
  identity: AnswerSigner;
  logger: LoggerService;
}
