import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { sha256 } from '@payer/service';
import type { EnvironmentAddresses } from '@payer/smart';
import { PlainTokenRequests } from './plain-token-requests.js';
import type { ProviderParts } from './provider-parts.js';

const addresses = { environment: 'sandbox', issuer: '', fhirBaseUrl: '' } as EnvironmentAddresses;
const request = {
  headers: { authorization: `Basic ${Buffer.from('app:secret').toString('base64')}` },
} as IncomingMessage;
const body = Buffer.from('grant_type=client_credentials&scope=system/*.rs');

it('an app is found when the facts are fresh: a restored database says that a suspended app is active', async () => {
  const found: string[] = [];
  let isRead = false;
  const parts = {
    config: { KEY_ENCRYPTION_KEY: 'k'.repeat(64) },
    freshness: {
      isFreshNow: true,
      decide: async (decision: () => Promise<unknown>) => {
        isRead = true;
        await decision();
        return true;
      },
    },
    apps: {
      findIn: (_environment: string, clientId: string) => {
        found.push(isRead ? 'after the facts' : 'before the facts');
        const secrets = [{ sha256: sha256('secret'), expires_at: null }];
        return Promise.resolve({
          client_id: clientId,
          plan: 'provider-directory',
          status: 'suspended',
          secrets,
        });
      },
    },
  } as unknown as ProviderParts;
  expect(await new PlainTokenRequests(addresses, parts).answer(request, body)).toBeUndefined();
  expect(found).toEqual(['after the facts']);
});
