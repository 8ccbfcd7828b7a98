export type GrantType = 'authorization_code' | 'refresh_token' | 'client_credentials';

/** How an app gets its tokens, with everything that follows from the way. */
export interface FlowRule {
  grantTypes: readonly GrantType[];
  responseTypes: readonly 'code'[];
  /** Whether an app needs a redirect URI, to which the member comes back. */
  needsRedirectUri: boolean;
  /** Whether a token must, or must not, name a patient and the grant that it stands on. */
  patientClaim: 'required' | 'forbidden';
}

/** The two flows of SMART App Launch 2.2: a member takes part, or the app is alone. A grant type belongs to one flow. */
export const flows = {
  'authorization-code': {
    grantTypes: ['authorization_code', 'refresh_token'],
    responseTypes: ['code'],
    needsRedirectUri: true,
    patientClaim: 'required',
  },
  'client-credentials': {
    grantTypes: ['client_credentials'],
    responseTypes: [],
    needsRedirectUri: false,
    patientClaim: 'forbidden',
  },
} as const satisfies Record<string, FlowRule>;

export type Flow = keyof typeof flows;

/** The flow of a grant type, or undefined when no flow has it. */
export function flowOfGrantType(grantType: string): Flow | undefined {
  return (Object.keys(flows) as Flow[]).find((flow) =>
    (flows[flow].grantTypes as readonly string[]).includes(grantType),
  );
}
