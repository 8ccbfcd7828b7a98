import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, addressesFrom } from '@payer/service';
import { environments } from '@payer/smart';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Config } from '../config.js';

export interface PlatformRequest {
  method: 'GET' | 'POST';
  /** The public URL that an app would call. */
  url: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface PlatformAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** Milliseconds until the last byte. */
  duration: number;
}

/** Milliseconds, and bytes of a body. */
const patience = 10_000;
const maxBody = 4 * 1024 * 1024;

/**
 * Calls the platform's public URLs as an app does. Inside a deployment a public host may be unreachable. Then
 * the call goes to the configured origin and still names the public host, from which fhir-api derives the
 * environment.
 */
@Injectable()
export class PlatformHttp {
  private readonly inside: ReadonlyMap<string, string>;

  constructor(@Inject(CONFIG) config: Config) {
    this.inside = insideOrigins(config);
  }

  /** Follows no redirect. @throws Error when no answer comes within ten seconds, or when it exceeds 4 MiB */
  async send({ method, url, headers = {}, body }: PlatformRequest): Promise<PlatformAnswer> {
    const target = new URL(url);
    const inside = this.originFor(url);
    const actual = inside ? new URL(`${target.pathname}${target.search}`, inside) : target;
    const startedAt = performance.now();
    const send = actual.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(
        actual,
        {
          method,
          signal: AbortSignal.timeout(patience),
          headers: {
            ...headers,
            host: target.host,
            ...(inside ? { 'x-forwarded-proto': target.protocol.replace(':', '') } : {}),
            ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
          },
        },
        (response) => {
          textOf(response).then(
            (text) =>
              resolve({
                status: response.statusCode ?? 0,
                headers: Object.fromEntries(
                  Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
                ),
                body: text,
                duration: Math.round(performance.now() - startedAt),
              }),
            reject,
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  private originFor(url: string): string | undefined {
    for (const [prefix, origin] of this.inside) if (url.startsWith(prefix)) return origin;
    return undefined;
  }
}

/**
 * Internal origins by their public URLs. Longer URLs come first, because one URL may be the prefix of
 * another.
 */
function insideOrigins(config: Config): Map<string, string> {
  const { AUTH_SERVER_ORIGIN, FHIR_API_ORIGIN } = config;
  const addresses = addressesFrom(config);
  const pairs = environments.flatMap((environment) => {
    const { issuer, fhirBaseUrl } = addresses[environment];
    return [
      [issuer, AUTH_SERVER_ORIGIN] as const,
      [fhirBaseUrl, FHIR_API_ORIGIN?.replace('{environment}', environment)] as const,
    ];
  });
  return new Map(
    pairs
      .filter((pair): pair is [string, string] => pair[1] !== undefined)
      .sort(([one], [other]) => other.length - one.length),
  );
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > maxBody) {
      response.destroy();
      throw new Error(`the answer is longer than ${maxBody} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
