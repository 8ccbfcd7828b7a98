interface SecurityRisk {
  title: string;
  /** When the risk holds. */
  meaning: string;
}

/**
 * The reasons for which a request may be refused. A payer may deny an app only for an unacceptable risk to
 * the security of protected health information on its systems, by criteria that are the same for every app
 * (42 CFR 422.119(e), 45 CFR part 164 subpart C).
 */
export const securityRisks = {
  'unencrypted-transport': {
    title: 'Unencrypted transport',
    meaning: 'The app sends tokens or members’ data over a connection without encryption.',
  },
  'exposed-credentials': {
    title: 'Exposed credentials',
    meaning: 'The client secret, a token or a signing key can be read by others.',
  },
  'redirect-not-controlled': {
    title: 'Redirect URI not controlled',
    meaning: 'A third party can receive authorization codes at a redirect URI of the app.',
  },
  'identity-not-established': {
    title: 'Identity not established',
    meaning: 'Nobody answers for the app, or the app pretends to be another app or organization.',
  },
  'malicious-behaviour': {
    title: 'Malicious behaviour',
    meaning: 'The app attacks, probes or overloads the platform, or spreads malware.',
  },
  'open-incident': {
    title: 'Open security incident',
    meaning: 'The app or its organization has a known breach or vulnerability that is not corrected.',
  },
  'other-security-risk': {
    title: 'Another risk of the plan’s risk analysis',
    meaning: 'The note names the risk and the part of the risk analysis.',
  },
} as const satisfies Record<string, SecurityRisk>;

export type SecurityRiskKey = keyof typeof securityRisks;
export const securityRiskKeys = Object.keys(securityRisks) as [SecurityRiskKey, ...SecurityRiskKey[]];
