import { wakeRelaysSoon } from '@payer/events';
import type { SigningAlgorithm } from '@payer/service';
import { accessTokenLifetime, decideScopes, type AppState, type EnvironmentAddresses } from '@payer/smart';
import type { AdapterPayload } from 'oidc-provider';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { EventFreshness } from '../event-freshness.js';
import type { Representations } from '../representation/representations.js';
import { grantClaims, patientClaims } from './claims.js';
import type { GrantChoices } from './patched-models.js';
import type { Successor } from './refresh-token-rotation.js';
import { storeSuccessor } from './successor-batches.js';
import { findToken, rowLifetime, type FoundToken } from './token-rows.js';
import type { TokenSigner } from './token-signer.js';

/** Members of the engine's refresh token. A token with any other is bound to a key, or has further claims. */
const tokenMembers = new Set([
  ...'iat exp kind clientId accountId grantId gty scope resource claims'.split(' '),
  ...'acr amr authTime sessionUid expiresWithSession rotations iiat'.split(' '),
]);
/** Members of the engine's grant, and the member's choices. */
const grantMembers = new Set([
  ...'iat exp kind accountId clientId resources openid rejected'.split(' '),
  ...'sensitive createdAt tolerated patient relatedPerson'.split(' '),
]);

interface GrantPayload extends AdapterPayload, GrantChoices {
  resources?: Record<string, string>;
  openid?: { scope?: string; claims?: unknown };
  rejected?: object;
}

/** A refresh token and its grant that give new tokens. */
interface Usable extends FoundToken {
  grant: { id: string; payload: GrantPayload };
  member: NonNullable<FoundToken['member']>;
}

/** Whether a request has begun to use up its refresh token. */
export interface TokenUsed {
  isTried: boolean;
}

export interface PlainRefreshParts {
  source: DataSource;
  freshness: EventFreshness;
  representations: Representations;
  signer: TokenSigner;
  successorOf: Successor;
  /** The algorithm of access tokens. */
  algorithm: SigningAlgorithm;
}

/** A refresh (RFC 6749 §6) of a live token with a live grant that the member may use. */
export class PlainRefresh {
  constructor(
    private readonly addresses: EnvironmentAddresses,
    private readonly parts: PlainRefreshParts,
  ) {}

  /**
   * Uses up the refresh token and gives the tokens that follow it.
   * @param takeMember counts the request against the member's limit; false beyond it
   * @param use says afterwards whether the refresh token may be used up
   * @returns undefined when the engine must decide. The refresh token is then as it was before
   */
  async tokens(app: AppState, value: string, takeMember: (sub: string) => boolean, use: TokenUsed) {
    const { source, freshness, representations } = this.parts;
    const { environment } = this.addresses;
    // A refresh token must not outlive a grant that the member has just revoked.
    await freshness.catchUp();
    const found = await findToken(source, environment, 'RefreshToken', value);
    const now = Math.floor(Date.now() / 1000);
    if (!found || !isUsable(found, app, now)) return undefined;
    const { grant, member, payload } = found;
    if (grant.payload.patient && !(await representations.mayUse(environment, member, grant.payload)))
      return undefined;
    const scope = this.accessScope(app, payload, grant.payload);
    const patient = patientClaims(this.addresses, member, grant.payload);
    if (!scope || !patient || !(await freshness.isFresh()) || !takeMember(member.sub)) return undefined;
    const secondsLeft = grant.payload.exp! - now;
    const expiresIn = Math.min(accessTokenLifetime, secondsLeft);
    const [accessToken, idToken, refreshToken] = await Promise.all([
      this.accessToken(found, { scope, now, expiresIn, patient }),
      this.idToken(found, now, patient.fhirUser),
      this.successor(value, payload, { now, secondsLeft }, use),
    ]);
    if (!refreshToken) return undefined;
    const { tolerated = [] } = grant.payload;
    return {
      access_token: accessToken,
      expires_in: expiresIn,
      id_token: idToken,
      refresh_token: refreshToken,
      scope: [scope, ...tolerated].join(' '),
      token_type: 'Bearer',
      patient: patient.patient,
      grant_expires_at: new Date(grant.payload.exp! * 1000).toISOString(),
    };
  }

  /** The scopes of the grant that the app's plan has; undefined when the engine must decide. */
  private accessScope(app: AppState, token: AdapterPayload, grant: GrantPayload): string | undefined {
    const { fhirBaseUrl } = this.addresses;
    if (!app.plan || token.resource !== fhirBaseUrl) return undefined;
    const { granted, problem } = decideScopes(app.plan, token.scope);
    if (problem) return undefined;
    const held = (grant.resources?.[fhirBaseUrl] ?? '').split(' ');
    const scopes = held.filter((scope) => (granted as readonly string[]).includes(scope));
    return scopes.length === granted.length ? scopes.join(' ') : undefined;
  }

  private accessToken(
    { grant, payload }: Usable,
    token: { scope: string; now: number; expiresIn: number; patient: { patient: string; fhirUser: string } },
  ): Promise<string> {
    return this.parts.signer.sign(this.parts.algorithm, 'at+jwt', {
      ...token.patient,
      ...grantClaims(grant.id, grant.payload),
      jti: randomUUID(),
      sub: payload.accountId,
      iat: token.now,
      exp: token.now + token.expiresIn,
      scope: token.scope,
      client_id: payload.clientId,
      iss: this.addresses.issuer,
      aud: this.addresses.fhirBaseUrl,
    });
  }

  /** OpenID Connect Core §12.2: the id_token of a refresh has no nonce. */
  private idToken({ grant, payload }: Usable, now: number, fhirUser: string): Promise<string> {
    const { acr, amr, accountId: sub, clientId: aud } = payload;
    const scopes = grant.payload.openid!.scope!.split(' ');
    return this.parts.signer.sign('RS256', undefined, {
      sub,
      ...(scopes.includes('fhirUser') ? { fhirUser } : {}),
      acr,
      amr,
      aud,
      exp: now + accessTokenLifetime,
      iat: now,
      iss: this.addresses.issuer,
    });
  }

  /** @returns undefined when another request has used the refresh token, or its grant has ended */
  private async successor(
    value: string,
    payload: AdapterPayload,
    { now, secondsLeft }: { now: number; secondsLeft: number },
    use: TokenUsed,
  ): Promise<string | undefined> {
    const { source, successorOf } = this.parts;
    const id = successorOf(value);
    const next: AdapterPayload = {
      ...payload,
      iat: now,
      exp: now + secondsLeft,
      gty: payload.gty?.endsWith('refresh_token') ? payload.gty : `${payload.gty} refresh_token`,
      rotations: Number(payload.rotations ?? 0) + 1,
    };
    use.isTried = true;
    const isStored = await storeSuccessor(
      source,
      this.addresses.environment,
      { model: 'RefreshToken', id: value },
      {
        model: 'RefreshToken',
        id,
        payload: next,
        grantId: payload.grantId ?? null,
        uid: null,
        lifetime: rowLifetime('RefreshToken', secondsLeft),
      },
    );
    if (!isStored) {
      use.isTried = false;
      return undefined;
    }
    wakeRelaysSoon();
    return id;
  }
}

/** Whether a refresh token gives new tokens to this app without a decision of the engine's. */
function isUsable(found: FoundToken, app: AppState, now: number): found is Usable {
  const { payload, consumed, grant, member } = found;
  if (consumed || !grant || !member) return false;
  const given = grant.payload as GrantPayload;
  return (
    hasOnly(payload, tokenMembers) &&
    hasOnly(given, grantMembers) &&
    isEmpty(payload.claims) &&
    isEmpty(given.rejected) &&
    isEmpty(given.openid?.claims as object | undefined) &&
    !payload.expiresWithSession &&
    payload.gty !== undefined &&
    payload.clientId === app.client_id &&
    given.clientId === app.client_id &&
    payload.accountId === given.accountId &&
    payload.accountId === member.sub &&
    payload.grantId === grant.id &&
    Number(payload.exp) > now &&
    Number(given.exp) > now &&
    [payload.scope, given.openid?.scope].every((scope) => scope?.split(' ').includes('openid'))
  );
}

const hasOnly = (payload: object, members: ReadonlySet<string>) =>
  Object.keys(payload).every((name) => members.has(name));

const isEmpty = (value: object | undefined) => value === undefined || Object.keys(value).length === 0;
