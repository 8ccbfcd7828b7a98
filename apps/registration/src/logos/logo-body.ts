import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Problem } from '@payer/service';
import type { FastifyRequest } from 'fastify';

/** The most bytes of a request with a logo: the file, and the frame of a form around it. */
const bodyLimit = 210_000;

/** Types of the body that the API takes. The bytes decide what the file is. */
export const logoTypes = ['image/png', 'image/jpeg', 'image/svg+xml'] as const;

/** Reads the bodies of logo uploads as bytes. Other addresses refuse these types as before. */
export function readLogoBodies(app: NestFastifyApplication): void {
  for (const type of [...logoTypes, 'multipart/form-data'])
    app.useBodyParser(
      type,
      { bodyLimit },
      (request: FastifyRequest, body: Buffer, done: (error: Error | null, parsed?: Buffer) => void): void => {
        if (request.routeOptions.url?.endsWith('/:client_id/logo')) return done(null, body);
        done(new Problem(415, 'unsupported_media_type', `This address takes no body of type ${type}.`));
      },
    );
}

/** The bytes of an API request's body. @throws Problem 400 without a picture */
export function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body) && body.length > 0) return body;
  throw missing(`send the file as the body, with Content-Type ${logoTypes.join(', ')}`);
}

/**
 * The file in the field `logo` of a form.
 * @throws Problem 400 for a broken form, and when no file was chosen
 */
export async function fileOfForm(request: FastifyRequest, body: unknown): Promise<Buffer> {
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  const form = Buffer.isBuffer(body)
    ? await new Response(new Uint8Array(body), { headers }).formData().catch(() => undefined)
    : undefined;
  const file = form?.get('logo');
  if (!file || typeof file === 'string' || file.size === 0) throw missing('choose a file');
  return Buffer.from(await file.arrayBuffer());
}

const missing = (message: string) =>
  new Problem(400, 'invalid_request', `logo: ${message}`, [{ field: 'logo', message }]);
