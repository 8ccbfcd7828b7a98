import { planRules, plans, plansOfFlow, titlesOf } from '@payer/smart';
import { Checkbox, RadioGroup, TextArea, TextField, type FieldError } from '@payer/ui';
import { errorOf } from '../http/portal-page.js';
import type { AppView } from './app-view.js';

/** Fields of the forms that create and edit an app, as typed. */
export interface AppFormValues {
  client_name?: string;
  redirect_uris?: string;
  post_logout_redirect_uris?: string;
  client_uri?: string;
  logo_uri?: string;
  policy_uri?: string;
  tos_uri?: string;
  require_pkce?: string;
  require_pushed_authorization_requests?: string;
  dpop_bound_access_tokens?: string;
}

interface FieldsProps {
  values: AppFormValues;
  errors: readonly FieldError[];
}

const pages = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'] as const;

/** The non-empty lines of a text field. */
export const linesOf = (text: string | undefined) =>
  (text ?? '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);

/** The settings as the body of the JSON API. An empty field becomes null. */
export function settingsOf(fields: AppFormValues) {
  return {
    client_name: fields.client_name,
    post_logout_redirect_uris: linesOf(fields.post_logout_redirect_uris),
    require_pkce: fields.require_pkce === 'true',
    require_pushed_authorization_requests: fields.require_pushed_authorization_requests === 'true',
    dpop_bound_access_tokens: fields.dpop_bound_access_tokens === 'true',
    ...Object.fromEntries(pages.map((name) => [name, fields[name]?.trim() || null])),
  };
}

/** The app's settings in the format of the form. */
export const valuesOf = (app: AppView): AppFormValues => ({
  client_name: app.client_name,
  post_logout_redirect_uris: app.post_logout_redirect_uris.join('\n'),
  client_uri: app.client_uri ?? '',
  logo_uri: app.logo_uri ?? '',
  policy_uri: app.policy_uri ?? '',
  tos_uri: app.tos_uri ?? '',
  require_pkce: String(app.require_pkce),
  require_pushed_authorization_requests: String(app.require_pushed_authorization_requests),
  dpop_bound_access_tokens: String(app.dpop_bound_access_tokens),
});

export function NameField({ values, errors }: FieldsProps) {
  return (
    <TextField
      label="Name"
      name="client_name"
      value={values.client_name}
      error={errorOf(errors, 'client_name')}
      hint="Members see it on the consent screen."
      check="value"
      required
    />
  );
}

export function RedirectUrisField({ values, errors }: FieldsProps) {
  return (
    <TextArea
      label="Redirect URIs"
      name="redirect_uris"
      rows={2}
      value={values.redirect_uris}
      error={errorOf(errors, 'redirect_uris')}
      check="lines"
      hint={`One per line, in full. The server compares them character for character: a trailing slash counts. Use https, or http for localhost. An app of ${titlesOf(plansOfFlow('authorization-code'))} needs at least one.`}
    />
  );
}

/** Links, logo and the switches of the flow. All are optional and can be set later. */
export function OptionalFields({ values, errors }: FieldsProps) {
  const page = (label: string, name: (typeof pages)[number], hint?: string) => (
    <TextField
      label={label}
      name={name}
      type="url"
      value={values[name]}
      error={errorOf(errors, name)}
      hint={hint}
      check="value"
    />
  );
  return (
    <>
      {page('Home page', 'client_uri')}
      {page(
        'Address of a logo',
        'logo_uri',
        'The https address of a square image. A logo that you upload to the portal replaces it.',
      )}
      {page('Privacy policy', 'policy_uri', 'The consent screen links to it, or says that there is none.')}
      {page('Terms of use', 'tos_uri')}
      <TextArea
        label="Addresses after sign-out"
        name="post_logout_redirect_uris"
        rows={2}
        value={values.post_logout_redirect_uris}
        error={errorOf(errors, 'post_logout_redirect_uris')}
        check="lines"
        hint="One per line. Your app may ask to sign the member out, and the member then returns to one of them."
      />
      <Checkbox
        label="Require PKCE"
        name="require_pkce"
        checked={values.require_pkce === 'true'}
        hint="The sandbox and production then refuse authorization requests without PKCE."
      />
      <Checkbox
        label="Require pushed authorization requests"
        name="require_pushed_authorization_requests"
        checked={values.require_pushed_authorization_requests === 'true'}
        hint="The app then sends the parameters itself (RFC 9126), and the browser carries only a reference."
      />
      <Checkbox
        label="Bind tokens to a key (DPoP)"
        name="dpop_bound_access_tokens"
        checked={values.dpop_bound_access_tokens === 'true'}
        hint="Every token request and every FHIR request then needs a proof of the app’s key (RFC 9449)."
      />
    </>
  );
}

export function PlanChoice({ value, error }: { value?: string; error?: string }) {
  return (
    <RadioGroup
      label="Plan"
      name="plan"
      value={value}
      error={error}
      hint="The plan of an app cannot change later. For another plan, create another app."
      options={plans.map((plan) => ({
        value: plan,
        label: planRules[plan].title,
        hint: planRules[plan].summary,
      }))}
    />
  );
}
