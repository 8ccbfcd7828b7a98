import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import type { Pool } from 'pg';
import type { EventConsumer, FactFeeds } from '@payer/events';
import { eventsCheck, HealthModule } from '@payer/service';
import { type Addresses, type Environment } from '@payer/smart';
import { AppEventsController } from './apps/app-events.controller.js';
import { Apps } from './apps/apps.js';
import { AccessRecords, AccessRecordsController } from './audit/access-records.controller.js';
import { environmentsOf } from './environments.js';
import { NoBaseHereFilter } from './rest/no-base-here.filter.js';
import { RevocationEventsController } from './revocations/revocation-events.controller.js';
import { RevocationMetrics } from './revocations/revocation-metrics.js';
import { Revocations } from './revocations/revocations.js';

export interface FhirApiParts {
  addresses: Addresses;
  pools: Record<Environment, Pool>;
  apps: Apps;
  revocations: Revocations;
  feeds: FactFeeds;
  consumer: EventConsumer;
  accessRecords: AccessRecords;
}

/** The framework's share of the service: events in, health out. The FHIR API itself is on the bare server. */
@Module({})
export class FhirApiModule {
  static with(parts: FhirApiParts): DynamicModule {
    return {
      module: FhirApiModule,
      imports: [
        HealthModule.with([
          ...environmentsOf(parts.pools).map((name) => ({
            name: `${name} database`,
            check: async () => {
              await parts.pools[name].query('SELECT 1');
            },
          })),
          eventsCheck(parts.consumer),
          { name: 'facts', check: () => refuseUntilRead(parts.feeds) },
          {
            name: 'revocations',
            check: () => ({
              known: parts.revocations.size.revocations,
              apps: parts.apps.size,
            }),
          },
        ]),
      ],
      controllers: [AccessRecordsController, AppEventsController, RevocationEventsController],
      providers: [
        { provide: AccessRecords, useValue: parts.accessRecords },
        { provide: Apps, useValue: parts.apps },
        { provide: Revocations, useValue: parts.revocations },
        {
          provide: RevocationMetrics,
          useValue: new RevocationMetrics(parts.revocations, parts.consumer),
        },
        { provide: APP_FILTER, useValue: new NoBaseHereFilter(parts.addresses, environmentsOf(parts.pools)) },
      ],
    };
  }
}

/** A replica that starts knows all ends of the last token lifetime from their owners, or it is not ready. */
function refuseUntilRead(feeds: FactFeeds) {
  if (!feeds.areRead)
    throw new Error(`the facts of ${feeds.unread.join(', ')} have not been read since this replica started`);
  return { ageSeconds: feeds.ages, maxAgeSeconds: feeds.maxAge };
}
