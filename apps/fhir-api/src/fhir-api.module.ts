import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import type { Pool } from 'pg';
import type { EventConsumer } from '@payer/events';
import { HealthModule } from '@payer/service';
import { environments, type Addresses, type Environment } from '@payer/smart';
import { AppEventsController } from './apps/app-events.controller.js';
import { Apps } from './apps/apps.js';
import { AccessRecords, AccessRecordsController } from './audit/access-records.controller.js';
import { NoBaseHereFilter } from './rest/no-base-here.filter.js';
import { Freshness } from './revocations/freshness.js';
import { RevocationEventsController } from './revocations/revocation-events.controller.js';
import { RevocationMetrics } from './revocations/revocation-metrics.js';
import { Revocations } from './revocations/revocations.js';

export interface FhirApiParts {
  addresses: Addresses;
  pools: Record<Environment, Pool>;
  apps: Apps;
  revocations: Revocations;
  freshness: Freshness;
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
          ...environments.map((name) => ({
            name: `${name} database`,
            check: async () => {
              await parts.pools[name].query('SELECT 1');
            },
          })),
          { name: 'events', check: () => refuseWhileBehind(parts.consumer) },
          {
            name: 'revocations',
            check: () => ({
              known: parts.revocations.size.revocations,
              stalenessSeconds: parts.freshness.staleness ?? null,
              maxStalenessSeconds: parts.freshness.maxStaleness,
              vouchedForBy: parts.freshness.isFresh ? 'events' : 'consent',
            }),
          },
        ]),
      ],
      controllers: [AccessRecordsController, AppEventsController, RevocationEventsController],
      providers: [
        { provide: AccessRecords, useValue: parts.accessRecords },
        { provide: Apps, useValue: parts.apps },
        { provide: Revocations, useValue: parts.revocations },
        { provide: Freshness, useValue: parts.freshness },
        {
          provide: RevocationMetrics,
          useValue: new RevocationMetrics(parts.revocations, parts.consumer),
        },
        { provide: APP_FILTER, useValue: new NoBaseHereFilter(parts.addresses) },
      ],
    };
  }
}

function refuseWhileBehind(consumer: EventConsumer): void {
  if (!consumer.isCaughtUp)
    throw new Error('still reading what was told about apps and revocations before this replica started');
}
