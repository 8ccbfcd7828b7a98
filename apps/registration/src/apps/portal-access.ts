import { createHmac, hkdfSync } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, sha256 } from '@payer/service';
import type { Config } from '../config.js';
import { portalRedirectUri } from './portal-redirect-uri.js';

/** Columns of an app for the portal's own access. */
export interface PortalAccessColumns {
  portal_redirect_uri: string;
  portal_secret_sha256: string;
}

/**
 * The portal's own access to an app: a redirect URI and a secret that are valid in the sandbox only
 * (`appInEnvironment` of libs/smart). The secret is derived from PORTAL_SEALING_KEY, so it is not stored
 * (decision 36).
 */
@Injectable()
export class PortalAccess {
  private readonly key: Buffer;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.key = Buffer.from(hkdfSync('sha256', config.PORTAL_SEALING_KEY, '', 'payer portal access', 32));
  }

  /** The secret in clear, as letters and digits. */
  secretOf(clientId: string): string {
    return createHmac('sha256', this.key).update(clientId).digest('hex');
  }

  of(clientId: string): PortalAccessColumns {
    return {
      portal_redirect_uri: portalRedirectUri(this.config.REGISTRATION_URL),
      portal_secret_sha256: sha256(this.secretOf(clientId)),
    };
  }
}
