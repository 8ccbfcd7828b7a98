import { DefinitionList } from '@payer/ui';
import { claimsOf, type ShownClaim } from './claims.js';
import { exploreAddress } from './explore-address.js';
import type { Run } from './run.js';

/** Claims that say for whom and for what a token is good. */
const shownClaims = ['patient', 'fhirUser', 'scope', 'aud', 'cnf'];

/** The tokens of a run in words. Each JWT opens to all of its claims. */
export function Tokens({ run }: { run: Run }) {
  const { access_token, refresh_token, id_token, proof_key } = run;
  return (
    <section class="card">
      <h2>The tokens</h2>
      <DefinitionList
        items={[
          {
            term: 'access_token',
            value: access_token && (
              <>
                {lifeOf(run.expires_at)}
                {proof_key && ' It is good only with a proof of its key (DPoP).'}
                <Claims run={run} jwt={access_token} />
              </>
            ),
          },
          {
            term: 'refresh_token',
            value: refresh_token && 'Good once: each use gives a new one. It ends with the grant.',
          },
          { term: 'id_token', value: id_token && <Claims run={run} jwt={id_token} /> },
        ].filter(({ value }) => value)}
      />
    </section>
  );
}

function lifeOf(expiresAt: number | undefined): string {
  if (expiresAt === undefined) return '';
  const minutes = Math.floor((expiresAt - Date.now()) / 60_000);
  const until = `${new Date(expiresAt).toISOString().slice(11, 19)} UTC`;
  return minutes < 0
    ? `Its time was over at ${until}.`
    : `Works for ${minutes} more minutes, until ${until}.`;
}

function Claims({ run, jwt }: { run: Run; jwt: string }) {
  const claims = claimsOf(jwt);
  const shown = claims.filter(({ claim }) => shownClaims.includes(claim));
  return (
    <>
      {shown.map((claim) => (
        <div key={claim.claim}>
          <span class="muted">{claim.claim}</span> <ClaimValue run={run} claim={claim} />
        </div>
      ))}
      <details>
        <summary>All claims</summary>
        <DefinitionList
          items={claims.map((claim) => ({
            term: claim.claim,
            value: <ClaimValue run={run} claim={claim} />,
          }))}
        />
      </details>
    </>
  );
}

function ClaimValue({ run, claim: { value, meaning, path } }: { run: Run; claim: ShownClaim }) {
  return (
    <>
      <code>{value}</code>
      {meaning && <div class="muted small">{meaning}</div>}
      {path && <a href={exploreAddress(run, path)}>Read {path}</a>}
    </>
  );
}
