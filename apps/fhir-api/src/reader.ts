/** Who reads: a member's app, limited to the member and what the member's records point to, or a directory app. */
export type Reader = { plan: 'patient-access'; patient: string } | { plan: 'provider-directory' };
