import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AppLevers, AppState, ClientAuthMethod, KeySet, Plan, ReviewedApp } from '@payer/smart';

/** An app (OAuth client). Metadata names are those of RFC 7591. */
@Entity('app')
export class App {
  @PrimaryColumn('text')
  client_id: string;

  /** The developer who registered the app. */
  @Column('uuid')
  owner_id: string;

  /** The organization whose members reach the app. Null for an app that only the journal knows. */
  @Column('uuid', { nullable: true })
  organization_id: string | null;

  /** Increases by one with every change. Consumers of the events apply only newer versions. */
  @Column('integer')
  version: number;

  @Column('text')
  client_name: string;

  @Column('text', { array: true })
  redirect_uris: string[];

  /** Where a sign-out that the app begins may return to (RP-Initiated Logout 1.0 §3.1). */
  @Column('text', { array: true })
  post_logout_redirect_uris: string[];

  @Column('text', { nullable: true })
  client_uri: string | null;

  @Column('text', { nullable: true })
  logo_uri: string | null;

  /** Address of the uploaded logo at the portal. Null when there is none. */
  @Column('text', { nullable: true })
  uploaded_logo_uri: string | null;

  @Column('text', { nullable: true })
  policy_uri: string | null;

  @Column('text', { nullable: true })
  tos_uri: string | null;

  @Column('text', { array: true })
  contacts: string[];

  @Column('boolean')
  require_pkce: boolean;

  /** RFC 9126 §6. */
  @Column('boolean')
  require_pushed_authorization_requests: boolean;

  /** RFC 9449 §5.2. */
  @Column('boolean')
  dpop_bound_access_tokens: boolean;

  @Column('text')
  token_endpoint_auth_method: ClientAuthMethod;

  /** Public keys by value. An app has `jwks`, `jwks_uri` or neither. */
  @Column('jsonb', { nullable: true })
  jwks: KeySet | null;

  @Column('text', { nullable: true })
  jwks_uri: string | null;

  @Column('text', { nullable: true })
  plan: Plan | null;

  @Column('text')
  status: AppState['status'];

  /** When the platform team opened production. Survives a suspension. */
  @Column('timestamptz', { nullable: true })
  approved_at: Date | null;

  @Column('timestamptz', { nullable: true })
  suspended_at: Date | null;

  @Column('text', { nullable: true })
  suspended_reason: string | null;

  @Column('timestamptz', { nullable: true })
  tokens_valid_from: Date | null;

  @Column('timestamptz')
  created_at: Date;

  @Column('timestamptz')
  updated_at: Date;

  /** The redirect URI and the secret's hash for the portal's own runs of the app's flow in the sandbox. */
  @Column('text', { nullable: true })
  portal_redirect_uri: string | null;

  @Column('text', { nullable: true })
  portal_secret_sha256: string | null;

  /** Hash of the token with which the program that registered the app manages it (RFC 7592). */
  @Column('text', { nullable: true })
  registration_token_sha256: string | null;

  /** The software statement of the registration, unchanged (RFC 7591 §2.3). */
  @Column('text', { nullable: true })
  software_statement: string | null;

  /** The values that the platform team has approved. Null before the first approval. */
  @Column('jsonb', { nullable: true })
  reviewed: ReviewedApp | null;

  /** When the developer attested the app's privacy practices. Null when the developer has not. */
  @Column('timestamptz', { nullable: true })
  attested_at: Date | null;

  /** Errors and ends that a developer of the app asked for, in the sandbox. Null without any. */
  @Column('jsonb', { nullable: true })
  levers: AppLevers | null;
}
