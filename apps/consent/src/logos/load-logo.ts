import { createHash } from 'node:crypto';
import type { ServiceIdentity } from '@payer/service';
import { internalLogoPath, uploadedLogoAt, type UploadedLogo } from '@payer/smart';
import type { Config } from '../config.js';
import { contentTypeOf, fetchLogo, type Logo } from './fetch-logo.js';

/** Milliseconds for the answer of registration. */
const patience = 5000;

/** Loads uploaded logos from registration, and all others from the app's host. */
export function logoLoader(
  config: Pick<Config, 'REGISTRATION_URL' | 'REGISTRATION_INTERNAL_URL'>,
  identity: Pick<ServiceIdentity, 'call'>,
): (uri: string) => Promise<Logo> {
  const internalUrl = config.REGISTRATION_INTERNAL_URL ?? config.REGISTRATION_URL;
  return (uri) => {
    const uploaded = uploadedLogoAt(uri, config.REGISTRATION_URL);
    return uploaded ? loadUploaded(uploaded, internalUrl, identity) : fetchLogo(uri);
  };
}

/** @throws Error when registration has no such logo, or the picture is not the one that the address names */
async function loadUploaded(
  logo: UploadedLogo,
  internalUrl: string,
  identity: Pick<ServiceIdentity, 'call'>,
): Promise<Logo> {
  const answer = await identity.call('registration', `${internalUrl}${internalLogoPath(logo)}`, {
    signal: AbortSignal.timeout(patience),
  });
  if (!answer.ok) throw new Error(`registration answered ${answer.status}`);
  const { png } = (await answer.json()) as { png: string };
  const bytes = Buffer.from(png, 'base64');
  if (
    createHash('sha256').update(bytes).digest('hex') !== logo.digest ||
    contentTypeOf(bytes) !== 'image/png'
  )
    throw new Error('registration sent another picture than its address names');
  return { contentType: 'image/png', bytes };
}
