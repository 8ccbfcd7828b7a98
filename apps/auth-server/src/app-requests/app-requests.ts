import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { RequestLog } from '@payer/service';
import { DataSource } from 'typeorm';

/** Milliseconds between two batches of requests. */
const interval = 2000;

/** Records the apps' requests at this service, for their developers in the portal. */
@Injectable()
export class AppRequests extends RequestLog implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(source: DataSource) {
    const logger = new Logger('requests');
    super({
      service: 'auth-server',
      database: () => source,
      interval,
      onError: ({ message }) => logger.warn(`requests of apps are not in the portal: ${message}`),
    });
  }

  onApplicationBootstrap(): void {
    this.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop();
  }
}
