import type { EventEmitter } from 'node:events';
import type { LoggerService } from '@nestjs/common';
import { databaseIsUnavailable } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { errors, Provider } from 'oidc-provider';
import { countRefusal } from '../metrics/oauth-metrics.js';

/**
 * Counts and logs the engine's refusals. The answers omit the engine's reasons, which contain no parameter
 * values.
 */
export function watchProblems(provider: Provider, environment: Environment, logger: LoggerService): void {
  provider.on('authorization.error', (_ctx, error) =>
    countRefusal(environment, 'authorize', (error as errors.OIDCProviderError).error),
  );
  provider.on('server_error', (_ctx, error) => {
    if (databaseIsUnavailable(error)) logger.warn(`${environment}: the database does not answer`);
    else logger.error(`${environment}: ${error.stack}`);
  });
  // Without a listener the engine's framework prints stacks outside the log. A disconnected client is no
  // fault.
  (provider as unknown as EventEmitter).on('error', (error: Error) =>
    logger.warn(`${environment}: ${error.message}`),
  );
  provider.on('grant.error', (ctx, error) => {
    const { message, error_detail: detail } = error as errors.OIDCProviderError;
    const clientId = ctx.oidc?.client?.clientId ?? 'unknown client';
    logger.log(
      `${environment}: token refused to ${clientId}: ${message}${detail ? `, ${detail}` : ''}`,
      'oidc',
    );
  });
}
