import { plans } from '@payer/smart';
import { Breadcrumbs, Button, ErrorSummary, Form, Select, type FieldError } from '@payer/ui';
import { errorOf, PortalPage, type SignedInShell } from '../http/portal-page.js';
import { roleAllows } from '../organization-rights/organization-rights.js';
import type { OrganizationView } from '../organizations/organization-fields.js';
import {
  NameField,
  OptionalFields,
  PlanChoice,
  RedirectUrisField,
  type AppFormValues,
} from '../apps/app-fields.js';

const optionalFields = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'];

export function NewAppPage(
  props: SignedInShell & {
    /** The developer's organizations. The form asks for one when there are several. */
    organizations: readonly OrganizationView[];
    values?: AppFormValues & { plan?: string; organization_id?: string };
    errors?: FieldError[];
  },
) {
  const { values = {}, errors = [], organizations, ...shell } = props;
  const choices = organizations.filter(({ role }) => roleAllows(role, 'develop'));
  const hasOptionalError = errors.some(({ field }) => field && optionalFields.includes(field));
  return (
    <PortalPage title="Create an app" current="/" {...shell}>
      <Breadcrumbs items={[{ href: '/', label: 'Apps' }, { label: 'Create an app' }]} />
      <div class="column">
        <h1>Create an app</h1>
        <p class="lead">The next page shows the app’s credentials and runs its first call in the sandbox.</p>
        <div class="card">
          <ErrorSummary errors={errors} />
          <Form action="/apps">
            <NameField values={values} errors={errors} />
            <PlanChoice value={values.plan ?? plans[0]} error={errorOf(errors, 'plan')} />
            {choices.length > 1 && (
              <Select
                label="Organization"
                name="organization_id"
                value={values.organization_id ?? shell.actor.id}
                error={errorOf(errors, 'organization_id')}
                hint="Its members reach the app. Members of the health plan see its name on the consent screen."
                options={choices.map(({ id, name }) => ({ value: id, label: name }))}
              />
            )}
            <RedirectUrisField values={values} errors={errors} />
            <details open={hasOptionalError}>
              <summary>Links, logo and security (optional)</summary>
              <OptionalFields values={values} errors={errors} />
            </details>
            <Button>Create the app</Button>
          </Form>
        </div>
      </div>
    </PortalPage>
  );
}
