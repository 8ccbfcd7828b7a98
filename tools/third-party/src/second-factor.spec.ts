import { describe, expect, it } from 'vitest';
import { Secret, TOTP } from 'otpauth';
import { localMembers } from '@payer/journey';
import { BrowserSystem } from './browser-system.js';
import { browserOf, looker, type MemberView } from './member-view.js';
import { addAuthenticator } from './virtual-authenticator.js';

const words = {
  en: {
    signIn: 'Sign in',
    link: 'Make your sign-in safer with a passkey or a code',
    settings: 'Make your sign-in safer',
    on: 'Your sign-in is safer now',
    alone: 'You sign in with your password alone now.',
    codeApp: { add: 'Set up a code app', off: 'Turn off codes', offNow: 'Turn off codes now' },
    passkey: { add: 'Add a passkey', use: 'Use your passkey', added: 'Your passkey is added.' },
    remove: 'Remove it now',
    removed: 'The passkey is removed.',
    back: 'Back to your sign-in',
    canceled: 'No passkey was used.',
  },
  es: {
    signIn: 'Iniciar sesión',
    link: 'Haga más seguro su inicio de sesión con una llave de acceso o un código',
    settings: 'Haga más seguro su inicio de sesión',
    on: 'Su inicio de sesión ahora es más seguro',
    alone: 'Ahora usted inicia sesión solo con su contraseña.',
    codeApp: {
      add: 'Configurar una aplicación de códigos',
      off: 'Desactivar los códigos',
      offNow: 'Desactivar los códigos ahora',
    },
    passkey: {
      add: 'Agregar una llave de acceso',
      use: 'Usar su llave de acceso',
      added: 'Su llave de acceso está agregada.',
    },
    remove: 'Eliminarla ahora',
    removed: 'La llave de acceso está eliminada.',
    back: 'Volver a su inicio de sesión',
    canceled: 'No se usó ninguna llave de acceso.',
  },
};
const languagesAndWidths = (['en', 'es'] as const).flatMap((language) =>
  [390, 1280].map((width) => ({ language, width })),
);
const cases = languagesAndWidths.flatMap((each) =>
  [true, false].map((javaScriptEnabled) => ({ ...each, javaScriptEnabled })),
);
const [member] = localMembers.production;

describe('the second factor in a browser', () => {
  const system = new BrowserSystem();

  /** A member's browser, with the steps that both walks share. */
  async function open(view: MemberView) {
    const { language } = view;
    const page = await system.open(browserOf(view));
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    const link = (name: string) => page.getByRole('link', { name, exact: true });
    return {
      ...{ context: page.context(), page, button, link, look: looker(page, view) },
      heading: (name: string) => page.getByRole('heading', { name, exact: true }).waitFor(),
      givePassword: async () => {
        await page.goto(`${system.addresses.consent}/production/`);
        await page.locator('[name=username]').fill(member.username);
        await page.locator('[name=password]').fill(member.password);
        await button(words[language].signIn).click();
      },
      /** Opens the settings and proves who it is with the password. */
      openSettings: async (code?: string) => {
        await link(words[language].link).click();
        await page.locator('[name=password]').fill(member.password);
        if (code) await page.locator('[name=code]').fill(code);
        await page.keyboard.press('Enter');
      },
    };
  }

  it.each(cases)(
    'codes are added, asked for and removed, in $language at $width px, scripts $javaScriptEnabled',
    async (view) => {
      const { on, alone, codeApp, back } = words[view.language];
      const { context, page, button, link, look, heading, ...does } = await open(view);
      await does.givePassword();
      await does.openSettings();
      await link(codeApp.add).waitFor();
      await look('second-factor-none');
      await link(codeApp.add).click();
      await look('second-factor-add');
      const key = (await page.locator('code.secret').innerText()).replaceAll(' ', '');
      const totp = new TOTP({ secret: Secret.fromBase32(key) });
      await page.locator('[name=code]').fill(totp.generate());
      await page.keyboard.press('Enter');
      await heading(on);
      const [recovery = ''] = await page.locator('li code').allInnerTexts();
      await look('second-factor-recovery');
      await link(back).click();
      await button(codeApp.off).waitFor();

      await context.clearCookies();
      await does.givePassword();
      await page.locator('[name=code]').waitFor();
      // No app sent the member here, so no button leads back to one.
      expect(await page.locator('form[action$="/cancel"]').count()).toBe(0);
      await look('second-factor-code');
      // The code of the next step is accepted, too: the first one is used up.
      await page.locator('[name=code]').fill(totp.generate({ timestamp: Date.now() + 30_000 }));
      await page.keyboard.press('Enter');
      await does.openSettings(recovery);
      await button(codeApp.off).waitFor();
      await look('second-factor-codes');
      await button(codeApp.off).click();
      await look('second-factor-remove');
      await button(codeApp.offNow).click();
      await page.getByText(alone).waitFor();
      await context.close();
    },
    90_000,
  );

  it.each(languagesAndWidths)(
    'a passkey is added, asked for and removed, in $language at $width px',
    async ({ language, width }) => {
      const { settings, on, alone, passkey, remove, removed, back, canceled } = words[language];
      const view = { language, width, javaScriptEnabled: true };
      const { context, page, button, link, look, heading, ...does } = await open(view);
      const device = await addAuthenticator(page);
      await does.givePassword();
      await does.openSettings();
      await link(passkey.add).click();
      await look('passkey-add');
      await button(passkey.add).click();
      await heading(on);
      const [recovery = ''] = await page.locator('li code').allInnerTexts();
      await link(back).click();
      await look('passkeys');

      await context.clearCookies();
      await does.givePassword();
      await button(passkey.use).waitFor();
      await look('passkey-use');
      // A person whom the device does not know.
      await device.recognisePerson(false);
      await button(passkey.use).click();
      await page.getByText(canceled).waitFor();
      await device.recognisePerson(true);
      await button(passkey.use).click();
      await link(words[language].link).click();
      await button(passkey.use).waitFor();
      await look('passkey-confirm');
      await button(passkey.use).click();
      await heading(settings);

      const other = await open({ ...view, javaScriptEnabled: false });
      await other.givePassword();
      await other.page.locator('[name=code]').waitFor();
      // Chromium shows no <noscript> when scripts are switched off by its developer tools.
      expect(await other.button(passkey.use).isVisible()).toBe(false);
      await other.look('passkey-without-script');
      await other.page.locator('[name=code]').fill(recovery);
      await other.page.keyboard.press('Enter');
      await other.link(words[language].link).waitFor();
      await other.context.close();

      await page.locator('.passkey > button.danger').click();
      await look('passkey-remove');
      await button(remove).click();
      await page.getByText(removed).waitFor();
      await page.getByText(alone).waitFor();
      await context.close();
    },
    90_000,
  );
});
