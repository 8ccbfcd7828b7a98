import { Button, Card, Form } from '@payer/ui';
import { mayDevelop } from '../apps/app-access.js';
import { NameField, OptionalFields, valuesOf, type AppFormValues } from '../apps/app-fields.js';
import { AppFrame, type AppFrameProps } from './app-frame.js';
import { tabAddress } from './tabs.js';

/** Name, links, logo and PKCE. The platform team and viewers can see them, but not change them. */
export function SettingsPage(props: AppFrameProps & { values?: AppFormValues }) {
  const { app, values = valuesOf(app), errors = [], actor } = props;
  const fields = (
    <>
      <NameField values={values} errors={errors} />
      <OptionalFields values={values} errors={errors} />
    </>
  );
  return (
    <AppFrame tab="settings" {...props}>
      <Card title="Settings">
        {mayDevelop(actor, app) ? (
          <Form action={tabAddress(app.client_id, 'settings')} class="column">
            {fields}
            <Button>Save</Button>
          </Form>
        ) : (
          <fieldset disabled class="column">
            {fields}
          </fieldset>
        )}
      </Card>
    </AppFrame>
  );
}
