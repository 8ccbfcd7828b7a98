import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Problem } from '@payer/service';

/**
 * Reads JSON bodies. An empty body counts as `{}`: several calls of the API have only optional members, and
 * many HTTP clients send `Content-Type: application/json` without a body.
 */
export function readJsonBodies(app: NestFastifyApplication): void {
  app.useBodyParser(
    'application/json',
    { bodyLimit: 65_536 },
    (_request: unknown, body: unknown, done: (error: Error | null, parsed?: unknown) => void) => {
      const text = String(body).trim();
      if (text === '') return done(null, {});
      try {
        done(null, JSON.parse(text));
      } catch (error) {
        done(new Problem(400, 'invalid_request', `The body is not JSON: ${(error as Error).message}`));
      }
    },
  );
}
