import { Injectable } from '@nestjs/common';
import { addToOutbox, wakeRelays } from '@payer/events';
import type { Environment } from '@payer/smart';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';

const perMinute = 20;
const longest = 500;

/**
 * Shows a developer in the portal why an authorization request failed. Bounded, because anybody can cause
 * failures.
 */
@Injectable()
export class FailedAuthorizations {
  private readonly counts = new Map<string, number>();
  private minute = 0;

  constructor(private readonly source: DataSource) {}

  async record(failure: {
    environment: Environment;
    clientId: string;
    error: string;
    detail: string;
    redirectUri?: string;
    /** Id of the lever that caused the failure. */
    lever?: string;
  }): Promise<void> {
    if (this.tooMany(failure.clientId)) return;
    await addToOutbox(this.source, 'authorization-failed', {
      id: randomUUID(),
      version: 1,
      environment: failure.environment,
      client_id: failure.clientId,
      at: new Date().toISOString(),
      error: failure.error,
      detail: failure.detail.slice(0, longest),
      ...(failure.lever ? { lever: failure.lever } : {}),
      ...(failure.redirectUri ? { redirect_uri: failure.redirectUri.slice(0, longest) } : {}),
    });
    wakeRelays();
  }

  private tooMany(clientId: string): boolean {
    const minute = Math.floor(Date.now() / 60_000);
    if (minute !== this.minute) {
      this.minute = minute;
      this.counts.clear();
    }
    const count = (this.counts.get(clientId) ?? 0) + 1;
    this.counts.set(clientId, count);
    return count > perMinute;
  }
}
