import { expectLeft, expectPage, type Browser } from './browser.js';

export interface Member {
  username: string;
  password: string;
}

/**
 * Signs a member in and agrees, starting at an authorization URL.
 * @returns the redirect URI with its query, as the browser was sent to it
 */
export async function agree(browser: Browser, url: string, member: Member): Promise<URL> {
  const signIn = expectPage(await browser.open(url));
  const consent = expectPage(
    await browser.submit(signIn, { username: member.username, password: member.password }),
  );
  return expectLeft(await browser.submit(consent, {}, /^\s*yes/i));
}
