import type { Environment } from '@payer/smart';
import { errors, Provider, type ClientMetadata } from 'oidc-provider';
import { AssertionRefused, type ClientAssertions } from '../client-authentication/client-assertions.js';
import type { Apps } from '../clients/apps.js';
import { isClientId } from '../clients/apps.js';
import { clientMetadata } from '../clients/client-metadata.js';
import type { RequestLimits } from '../rate-limits/request-limits.js';
import { refuseOnce } from '../levers/caused-error.js';
import type { NextErrors } from '../levers/next-errors.js';
import { setRateLimitHeaders, tooManyRequests } from '../rate-limits/too-many-requests.js';

/** `invalid_client` with the reason why a client assertion was refused. */
export class ClientAssertionRefused extends errors.InvalidClientAuth {
  constructor({ message }: AssertionRefused) {
    super(message);
    this.error_description = message;
  }
}

/**
 * Gives the engine an app as a client. For a request with a client assertion, the assertion is verified here,
 * and the engine gets the key that signed it. So the keys of an app are fetched and kept in one place.
 */
export class EngineClients {
  constructor(
    private readonly environment: Environment,
    private readonly apps: Apps,
    private readonly assertions: ClientAssertions,
    private readonly limits: RequestLimits,
    private readonly nextErrors: NextErrors,
  ) {}

  /**
   * @throws ClientAssertionRefused
   * @throws CustomOIDCProviderError 429 when the authenticated app sends too many requests
   * @throws CausedError when the developer has asked for an error
   */
  async find(clientId: string): Promise<ClientMetadata | undefined> {
    if (!isClientId(clientId)) return undefined;
    const { client_assertion, client_assertion_type } = Provider.ctx?.oidc.params ?? {};
    if (typeof client_assertion === 'string')
      return this.byAssertion({ client_assertion, client_assertion_type });
    const app = await this.apps.findFor(this.environment, clientId, (known) => known.status !== 'deleted');
    if (!app || app.status === 'deleted') return undefined;
    await refuseOnce(this.nextErrors, Provider.ctx, app, this.environment, false);
    return clientMetadata(app);
  }

  private async byAssertion(sent: { client_assertion: string; client_assertion_type: unknown }) {
    const { path = '' } = Provider.ctx ?? {};
    const { app, key } = await this.assertions
      .verify(this.environment, path, sent)
      .catch((error: unknown) => {
        throw error instanceof AssertionRefused ? new ClientAssertionRefused(error) : error;
      });
    const verdict = this.limits.takeApp(this.environment, app.client_id, Provider.ctx?.req);
    if (Provider.ctx) setRateLimitHeaders(Provider.ctx, verdict);
    if (!verdict.isAllowed) throw tooManyRequests(verdict);
    await refuseOnce(this.nextErrors, Provider.ctx, app, this.environment, true);
    return clientMetadata(app, key);
  }
}
