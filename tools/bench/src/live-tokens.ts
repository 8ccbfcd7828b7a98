import { App } from '@payer/journey';
import { redirect_uris, type BenchSystem } from './environment.js';

/** Sandbox members with records of their own, by the pattern of docs/sandbox-members.md. */
const memberNumbers = Array.from({ length: 12 }, (_, i) => i + 1);
/** Live access tokens of each plan. */
const tokensPerPlan = 5000;
/** Requests to the token endpoint at a time. */
const connections = 8;

/** Limits of the authorization server that collecting tokens would meet. */
export const withoutTokenLimits: Record<string, string> = Object.fromEntries(
  [
    'TOKEN_LIMIT_PER_ADDRESS',
    'TOKEN_LIMIT_PER_APP',
    'TOKEN_LIMIT_PER_MEMBER',
    'AUTHORIZATION_LIMIT_PER_ADDRESS',
  ].map((name) => [name, '100000000/60']),
);

export interface LiveTokens {
  /** The tokens of each member, by the patient's id. */
  members: ReadonlyMap<string, readonly string[]>;
  directory: readonly string[];
}

/**
 * Collects 10,000 live access tokens in the sandbox: half of them of members by refresh, half of the
 * directory by client credentials.
 */
export async function collectTokens({ developer, addresses }: BenchSystem): Promise<LiveTokens> {
  const health = await developer.createApp('patient-access', { client_name: 'Bench', redirect_uris });
  const finder = await developer.createApp('provider-directory', { client_name: 'Bench' });
  const app = new App(addresses, 'sandbox', health);
  const members = new Map<string, string[]>();
  await Promise.all(
    memberNumbers.map(async (number) => {
      const sign = { username: `sbx-patientAccessMember-${number}`, password: `hpTest${number}${number}` };
      const first = await app.connect(sign);
      if (!first.patient) throw new Error(`${sign.username} has no patient`);
      const collected = [first.access_token];
      members.set(first.patient, collected);
      let { refresh_token } = first;
      while (collected.length * memberNumbers.length < tokensPerPlan) {
        const { status, body } = await app.refresh(refresh_token!);
        if (status !== 200) throw new Error(`a refresh answered ${status}: ${JSON.stringify(body)}`);
        collected.push(body.access_token);
        ({ refresh_token } = body);
      }
    }),
  );
  const directoryApp = new App(addresses, 'sandbox', finder);
  const directory: string[] = [];
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (directory.length < tokensPerPlan) {
        const { status, body } = await directoryApp.clientCredentials();
        if (status !== 200) throw new Error(`client credentials answered ${status}: ${JSON.stringify(body)}`);
        directory.push(body.access_token);
      }
    }),
  );
  return { members, directory };
}
