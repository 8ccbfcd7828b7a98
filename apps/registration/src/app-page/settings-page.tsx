import { Button, Card, Form } from '@payer/ui';
import type { AppView } from '../apps/app-view.js';
import { errorOf } from '../http/portal-page.js';
import { maxLogoBytes } from '../logos/render-logo.js';
import { mayDevelop } from '../apps/app-access.js';
import { NameField, OptionalFields, valuesOf, type AppFormValues } from '../apps/app-fields.js';
import { AppFrame, type AppFrameProps } from './app-frame.js';
import { tabAddress } from './tabs.js';

/** Name, links, logo and the switches of the flow. The platform team and viewers can only see them. */
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
      {mayDevelop(actor, app) && <LogoCard app={app} error={errorOf(errors, 'logo')} />}
    </AppFrame>
  );
}

/** The uploaded logo. Members see it on the consent page, served by the platform. */
function LogoCard({ app, error }: { app: AppView; error: string | undefined }) {
  const at = `${tabAddress(app.client_id, 'overview')}/logo`;
  return (
    <Card title="Logo">
      <p>
        {app.uploaded_logo_uri
          ? 'Members see the uploaded logo.'
          : 'No logo is uploaded. Members see the picture at the address of your settings, or the initial.'}
      </p>
      <form action={at} method="post" encType="multipart/form-data" class="column" novalidate>
        <div class="field">
          <label for="field-logo">Logo file</label>
          <p class="hint" id="field-logo-hint">
            PNG, JPEG or SVG, at most {maxLogoBytes / 1000} kB. A square picture fits best. The platform draws
            it anew and keeps nothing else of the file.
          </p>
          {error && (
            <p class="field-error" id="field-logo-error">
              {error}
            </p>
          )}
          <input
            id="field-logo"
            name="logo"
            type="file"
            accept="image/png,image/jpeg,image/svg+xml"
            aria-describedby={error ? 'field-logo-hint field-logo-error' : 'field-logo-hint'}
            aria-invalid={error ? 'true' : undefined}
          />
        </div>
        <Button>Upload the logo</Button>
      </form>
      {app.uploaded_logo_uri && (
        <Form action={`${at}/remove`}>
          <Button variant="secondary">Remove the logo</Button>
        </Form>
      )}
    </Card>
  );
}
