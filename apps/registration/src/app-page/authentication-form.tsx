import { assertionAlgorithms, type ClientAuthMethod } from '@payer/smart';
import { Button, Card, Form, RadioGroup, TextArea, TextField, type FieldError } from '@payer/ui';
import { Problem } from '@payer/service';
import type { AppView } from '../apps/app-view.js';
import { errorOf } from '../http/portal-page.js';
import { tabAddress } from './tabs.js';

/** Fields of the form, as typed. */
export interface AuthenticationFields {
  token_endpoint_auth_method?: string;
  jwks?: string;
  jwks_uri?: string;
}

const methods: { value: ClientAuthMethod; label: string; hint: string }[] = [
  {
    value: 'client_secret_basic',
    label: 'Client secret (client_secret_basic)',
    hint: 'The app sends its client_id and its secret in HTTP Basic.',
  },
  {
    value: 'private_key_jwt',
    label: 'Key pair (private_key_jwt)',
    hint: 'The app signs each request with a private key that never leaves it. Its secrets then do not work.',
  },
];

/**
 * The form as the body of the JSON API.
 * @throws Problem 400 when the key set is no JSON
 */
export function authenticationOf(fields: AuthenticationFields) {
  return {
    token_endpoint_auth_method: fields.token_endpoint_auth_method,
    jwks: jsonOf(fields.jwks),
    jwks_uri: fields.jwks_uri?.trim() || null,
  };
}

function jsonOf(text = ''): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    const message = 'must be a JSON Web Key Set: {"keys": [...]}';
    throw new Problem(400, 'invalid_request', `jwks: ${message}`, [{ field: 'jwks', message }]);
  }
}

/** The stored values in the format of the form. */
const fieldsOf = (app: AppView): AuthenticationFields => ({
  token_endpoint_auth_method: app.token_endpoint_auth_method,
  jwks: app.jwks ? JSON.stringify(app.jwks, null, 2) : '',
  jwks_uri: app.jwks_uri ?? '',
});

/** How the app authenticates. The platform team sees the form, and cannot change it. */
export function AuthenticationForm(props: {
  app: AppView;
  isDeveloper: boolean;
  errors: readonly FieldError[];
  typed?: AuthenticationFields;
}) {
  const { app, isDeveloper, errors, typed } = props;
  const values = typed ?? fieldsOf(app);
  const fields = (
    <>
      <RadioGroup
        label="Method"
        name="token_endpoint_auth_method"
        value={values.token_endpoint_auth_method}
        error={errorOf(errors, 'token_endpoint_auth_method')}
        options={methods}
      />
      <TextField
        label="Address of the public keys"
        name="jwks_uri"
        type="url"
        value={values.jwks_uri}
        error={errorOf(errors, 'jwks_uri')}
        hint="The https address of the app’s JSON Web Key Set. The server reads it again when it meets a new kid."
      />
      <TextArea
        label="Or the public keys themselves"
        name="jwks"
        rows={6}
        value={values.jwks}
        error={errorOf(errors, 'jwks')}
        hint={`A JSON Web Key Set with keys for ${assertionAlgorithms.join(' or ')}, each with a kid.`}
      />
    </>
  );
  return (
    <Card title="Client authentication">
      <p>
        Register the keys first and change the method when the app signs with them.{' '}
        <a href="/docs/client-authentication">How to sign a request</a>
      </p>
      {isDeveloper ? (
        <Form action={`${tabAddress(app.client_id, 'credentials')}/authentication`} class="column">
          {fields}
          <Button>Save</Button>
        </Form>
      ) : (
        <fieldset disabled class="column">
          {fields}
        </fieldset>
      )}
    </Card>
  );
}
