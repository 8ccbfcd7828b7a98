import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { platformTeam, PortalSession } from '@payer/journey';
import { BrowserSystem } from './browser-system.js';
import { completeRequest, developerPassword, fill, inspect, press, signUp } from './page-checks.js';

/** The pages of the platform team. */
const widths = [
  ['desktop', 1280],
  ['phone', 390],
] as const;

describe('the desk of the platform team in a browser', () => {
  const system = new BrowserSystem();
  const open = (width: number) => system.open({ viewport: { width, height: 844 } });
  const signIn = async (page: Page, email: string, password: string) => {
    await page.goto(`${system.addresses.portal}/sign-in`);
    await fill(page, { email, password });
    await press(page.locator('main form button').first());
  };

  it.each(widths)(
    'walks from a draft to a change held back, with a person of the team, at %s width',
    async (name, width) => {
      const { portal } = system.addresses;
      const look = (page: Page, what: string) => inspect(page, `portal/${what}`);
      const app = { client_name: `Visit Costs ${name}`, redirect_uris: ['https://client-app.com/redirect'] };

      const developer = await open(width);
      await developer.goto(`${portal}/sign-up`);
      const dora = `dora-${name}@client-app.example`;
      await signUp(developer, {
        name: 'Dora Example',
        organization: 'Client Apps Incorporated',
        email: dora,
      });
      const session = await PortalSession.signIn(portal, dora, developerPassword);
      const { client_id } = await session.createApp('patient-access', app);
      const production = `${portal}/apps/${client_id}/production`;
      await developer.goto(production);
      await look(developer, 'app-production-empty');
      await developer.getByLabel('What the app does').fill('Shows members what their visits cost.');
      await press(developer.getByRole('button', { name: 'Save as draft' }));
      await developer.getByText('Still missing').waitFor();
      await look(developer, 'app-production-draft');
      await fill(developer, completeRequest);
      await developer.getByLabel('Never').check();
      await developer.getByLabel('I attest that every statement is true').check();
      await press(developer.getByRole('button', { name: 'Submit to the platform team' }));
      await developer.getByText('is waiting for review').waitFor();

      const administrator = await open(width);
      await signIn(administrator, platformTeam.email, platformTeam.password);
      await administrator.goto(`${portal}/platform/team`);
      await look(administrator, 'desk-team');
      await press(administrator.getByRole('button', { name: 'Add the person' }));
      await look(administrator, 'desk-team-refused');
      const email = `rita-${name}@plan.example`;
      await fill(administrator, { name: 'Rita Example', email });
      await administrator.getByLabel(/^Reviewer/).check();
      await press(administrator.getByRole('button', { name: 'Add the person' }));
      await administrator.getByText('gets a mail with a link').waitFor();
      const [mail] = (await (await fetch(`${portal}/api/mailbox?to=${email}`)).json()) as {
        links: string[];
      }[];

      const reviewer = await open(width);
      await reviewer.goto(mail?.links[0] ?? '');
      await fill(reviewer, { new_password: 'a-long-team-password' });
      await press(reviewer.locator('main form button').first());
      await signIn(reviewer, email, 'a-long-team-password');
      await look(reviewer, 'desk-queue-reviewer');
      await press(reviewer.getByRole('link', { name: app.client_name }));
      await look(reviewer, 'desk-request-reviewer');
      await reviewer.getByText('Ask for changes', { exact: true }).first().click();
      await reviewer.getByLabel('What to change').fill('How long is the data kept after a disconnection?');
      await press(reviewer.getByRole('button', { name: 'Ask for changes' }));
      await reviewer.getByText('The decision is recorded').waitFor();

      await developer.reload();
      await developer.getByText('How long is the data kept after').first().waitFor();
      await look(developer, 'app-production-changes-requested');
      await fill(developer, { data_retention: 'A disconnection deletes the data within a day.' });
      await press(developer.getByRole('button', { name: 'Submit again' }));
      await developer.getByLabel('Message').fill('Thank you. The policy says the same now.');
      await press(developer.getByRole('button', { name: 'Send' }));
      await developer.getByText('The message is sent').waitFor();

      await reviewer.goto(`${portal}/`);
      await press(reviewer.getByRole('link', { name: app.client_name }));
      await reviewer.locator('ins', { hasText: 'within a day' }).waitFor();
      await look(reviewer, 'desk-request-resubmitted');
      await press(reviewer.getByRole('button', { name: 'Approve' }));
      await developer.reload();
      await developer.getByText('Production is open').waitFor();
      await look(developer, 'app-production-approved-attested');

      await developer.goto(`${portal}/apps/${client_id}/settings`);
      await fill(developer, { client_name: `Visit Prices ${name}` });
      await press(developer.getByRole('button', { name: 'Save' }));
      await developer.goto(production);
      await developer.getByText('Changes that wait for review').waitFor();
      await look(developer, 'app-production-change-waits');
      await reviewer.goto(`${portal}/`);
      await press(reviewer.getByRole('link', { name: `Visit Prices ${name}` }).first());
      await look(reviewer, 'desk-change');
      await reviewer.getByText('Reject for a security risk').click();
      await reviewer.getByLabel('Risk', { exact: true }).selectOption('identity-not-established');
      await reviewer.getByLabel('Explanation of the risk').fill('The name is that of another app.');
      await press(reviewer.getByRole('button', { name: 'Reject' }));
      await developer.reload();
      await developer.getByText('Changes that the platform team refused').waitFor();
      await look(developer, 'app-production-change-refused');

      await reviewer.goto(`${portal}/platform/search?q=client-app`);
      await reviewer.getByText('Dora Example').first().waitFor();
      await look(reviewer, 'desk-search');
      await reviewer.goto(`${portal}/platform/reports?year=${new Date().getUTCFullYear()}`);
      await reviewer.getByText('unique members').first().waitFor();
      await look(reviewer, 'desk-reports');
      expect((await reviewer.goto(`${portal}/platform/team`))?.status()).toBe(403);
      await administrator.goto(`${portal}/platform/audit`);
      await look(administrator, 'desk-audit');
      await administrator.goto(`${portal}/platform/audit/questions`);
      await look(administrator, 'desk-audit-questions');
      await administrator.goto(
        `${portal}/platform/audit/readers?member=sbx-patientAccessMember-1&environment=sandbox`,
      );
      await look(administrator, 'desk-audit-readers');
      await administrator.goto(`${portal}/platform/brand`);
      await look(administrator, 'desk-brand');
      await administrator.goto(`${portal}/platform/brand/preview`);
      await look(administrator, 'desk-brand-preview');
      await administrator.goto(`${portal}/platform/team`);
      await press(administrator.getByRole('link', { name: 'Change Rita Example' }).first());
      await look(administrator, 'desk-team-member');
      await press(administrator.getByRole('button', { name: 'End the account' }));
      await reviewer.goto(`${portal}/`);
      await reviewer.getByRole('link', { name: 'Sign in' }).first().waitFor();
    },
    120_000,
  );
});
