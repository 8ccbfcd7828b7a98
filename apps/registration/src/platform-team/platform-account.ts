import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { hashPassword, passwordMatches, rowsOf } from '@payer/service';
import { CONFIG, type RegistrationConfig } from '../config.js';

/** Gives the platform team its account, with the configured password, whenever the service starts. */
@Injectable()
export class PlatformAccount implements OnApplicationBootstrap {
  constructor(
    private readonly source: DataSource,
    @Inject(CONFIG) private readonly config: RegistrationConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { PLATFORM_EMAIL: email, PLATFORM_PASSWORD: password, PLAN_NAME } = this.config;
    const [stored] = await rowsOf<{ password_hash: string; role: string }>(
      this.source,
      'SELECT password_hash, role FROM account WHERE lower(email) = lower($1)',
      [email],
    );
    if (stored?.role === 'developer')
      throw new Error(`PLATFORM_EMAIL ${email} is a developer's account; choose another address.`);
    if (await passwordMatches(stored?.password_hash, password)) return;
    await this.source.query(
      `INSERT INTO account (id, role, name, organization, email, password_hash)
       VALUES ($1, 'platform', 'Platform team', $2, $3, $4)
       ON CONFLICT (lower(email)) DO UPDATE SET password_hash = excluded.password_hash`,
      [randomUUID(), PLAN_NAME, email, await hashPassword(password)],
    );
  }
}
