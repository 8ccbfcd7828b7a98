import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { BrowserSystem } from './browser-system.js';
import { developerPassword, fill, inspect, press, signUp } from './page-checks.js';

interface Mail {
  subject: string;
  links: string[];
}

describe('a sign-up by mail in a browser', () => {
  const system = new BrowserSystem({ variables: { SIGN_UP: 'by-mail' } });

  /** The text of the page after a sign-up. */
  async function answerTo(page: Page, person: { name: string; email: string; password?: string }) {
    await signUp(page, person);
    await page.getByRole('heading', { name: 'Open the link in our mail' }).waitFor();
    const text = await page.locator('body').innerText();
    return { url: page.url(), title: await page.title(), text: text.replaceAll(person.email, 'ADDRESS') };
  }
  const signIn = async (page: Page, email: string, password: string) => {
    await page.goto(`${system.addresses.portal}/sign-in`);
    await fill(page, { email, password });
    await press(page.getByRole('button', { name: 'Sign in', exact: true }));
  };
  const refusal = (page: Page) => page.getByText('We could not sign you in');

  it.each([true, false])(
    'leads from the form by the mail to the account, and shows nothing of it to a stranger (scripts: %s)',
    async (javaScriptEnabled) => {
      const { portal } = system.addresses;
      const look = async (page: Page, name: string) => {
        if (javaScriptEnabled) await inspect(page, `portal/${name}`);
      };
      const email = `mila-${javaScriptEnabled}@client-app.example`;
      const mails = async () =>
        (await (await fetch(`${portal}/api/mailbox?to=${encodeURIComponent(email)}`)).json()) as Mail[];

      const mila = await system.openPortal('/sign-up', { javaScriptEnabled });
      const first = await answerTo(mila, { name: 'Mila Mail', email });
      await look(mila, 'sign-up-sent');
      await signIn(mila, email, developerPassword);
      await refusal(mila).waitFor();

      await mila.goto(`${portal}/mailbox?to=${encodeURIComponent(email)}`);
      await mila.getByText('Finish your sign-up').first().waitFor();
      await look(mila, 'mailbox-sign-up');
      await press(mila.getByRole('link', { name: /sign-up\/finish/ }).first());
      await mila.getByRole('heading', { name: 'Finish your sign-up' }).waitFor();
      await look(mila, 'sign-up-finish');
      await fill(mila, { password: 'not-the-password-of-mila' });
      await press(mila.getByRole('button', { name: 'Create the account' }));
      await mila.getByText('Your account was not created').waitFor();
      await look(mila, 'sign-up-finish-refused');
      await fill(mila, { password: developerPassword });
      await press(mila.getByRole('button', { name: 'Create the account' }));
      await mila.waitForURL(`${portal}/apps/new`);
      await press(mila.getByRole('button', { name: 'Sign out' }));
      await signIn(mila, email, developerPassword);
      await mila.getByRole('button', { name: 'Sign out' }).waitFor();

      // A stranger with the address of an account reads what everybody reads; its owner gets a mail.
      const password = 'the-password-of-a-stranger';
      const stranger = await system.openPortal('/sign-up', { javaScriptEnabled });
      expect(await answerTo(stranger, { name: 'Mila Mail', email, password })).toEqual(first);
      await signIn(stranger, email, password);
      await refusal(stranger).waitFor();
      const [newest, ...earlier] = await mails();
      expect(newest).toMatchObject({
        subject: 'You have an account already',
        links: [`${portal}/sign-in`, `${portal}/forgot-password`],
      });
      expect(earlier.map(({ subject }) => subject)).toEqual(['Finish your sign-up']);

      // The link is used up with the account.
      await stranger.goto(earlier[0]?.links[0] ?? '');
      expect(await stranger.getByRole('button', { name: 'Create the account' }).count()).toBe(0);
      await look(stranger, 'sign-up-link-used');
      await press(stranger.getByRole('link', { name: 'sign-up', exact: true }));
      await stranger.getByRole('heading', { name: 'Sign up as a developer' }).waitFor();
      await stranger.context().close();
      await mila.context().close();
    },
    90_000,
  );
});
