import { Button, Form, Notice, Secret } from '@payer/ui';

/** A client secret in clear. The app's pages show it until the developer confirms that it is stored. */
export function NewSecret({ clientId, secret }: { clientId: string; secret: string }) {
  return (
    <Notice tone="good" title="Your client secret">
      <p>
        Store it now where only your app’s server can read it. The portal keeps only a hash. It cannot show
        the secret again after you press the button or sign out, or after an hour.
      </p>
      <Secret value={secret} />
      <Form action={`/apps/${clientId}/credentials/stored`}>
        <Button variant="secondary">I have stored the secret</Button>
      </Form>
    </Notice>
  );
}
