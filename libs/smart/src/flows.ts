export type GrantType = 'authorization_code' | 'refresh_token' | 'client_credentials';

/** The way in which an app gets its tokens, with all rules that depend on it. */
export interface FlowRule {
  grantTypes: readonly GrantType[];
  responseTypes: readonly 'code'[];
  /** Whether an app needs a redirect URI, to which the member returns. */
  needsRedirectUri: boolean;
  /** Whether a token must, or must not, name a patient and its grant. */
  patientClaim: 'required' | 'forbidden';
}

/**
 * The two flows of SMART App Launch 2.2: with a member, or with the app alone. A grant type belongs to one
 * flow.
 */
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

/** The flow of a grant type; undefined when no flow has it. */
export function flowOfGrantType(grantType: string): Flow | undefined {
  return (Object.keys(flows) as Flow[]).find((flow) =>
    (flows[flow].grantTypes as readonly string[]).includes(grantType),
  );
}
