import { Button, Form, Notice, Secret } from '@payer/ui';

/** A client secret in clear. The app's pages show it until the developer confirms that it is stored. */
export function NewSecret({ clientId, secret }: { clientId: string; secret: string }) {
  return (
    <Notice tone="good" title="Your client secret">
      <p>
        Store it now where only your app’s server can read it. The portal keeps a hash of it and can show it
        no more once you press the button, sign out, or an hour has passed.
      </p>
      <Secret value={secret} />
      <Form action={`/apps/${clientId}/credentials/stored`}>
        <Button variant="secondary">I have stored the secret</Button>
      </Form>
    </Notice>
  );
}
