import { readFileSync } from 'node:fs';
import { smartConfiguration, type EnvironmentAddresses } from '@payer/smart';
import type { Repository } from '@payer/fhir-store';
import { type Answer, fhirJson } from '../answer.js';
import type { Offered } from '../offered.js';
import { capabilityStatement } from './capability-statement.js';

/** The public documents of an environment, built once at start. */
export interface PublicDocuments {
  capabilities: Answer;
  smartConfiguration: Answer;
}

/** Seconds for which an app may cache a document. */
const maxAge = 300;

export function publicDocuments(
  addresses: EnvironmentAddresses,
  engine: Pick<Repository, 'capabilities'>,
  about: { planName: string; date: Date; offered: Offered },
): PublicDocuments {
  const answer = (contentType: string, document: object): Answer => ({
    status: 200,
    headers: { 'content-type': contentType, 'cache-control': `public, max-age=${maxAge}` },
    body: JSON.stringify(document),
  });
  const software = { name: 'payer-smart-on-fhir', version: softwareVersion() };
  return {
    capabilities: answer(
      fhirJson,
      capabilityStatement(addresses, engine.capabilities(), {
        software,
        publisher: about.planName,
        ...about,
      }),
    ),
    smartConfiguration: answer('application/json; charset=utf-8', smartConfiguration(addresses)),
  };
}

function softwareVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
