import { expectLeft, expectPage, type Browser } from './browser.js';

export interface Member {
  username: string;
  password: string;
}

/**
 * Lets a member sign in and agree, starting at an authorization URL.
 * @returns the redirect URI with its query, as the app was called
 */
export async function agree(browser: Browser, url: string, member: Member): Promise<URL> {
  const signIn = expectPage(await browser.open(url));
  const consent = expectPage(
    await browser.submit(signIn, { username: member.username, password: member.password }),
  );
  return expectLeft(await browser.submit(consent, {}, /^\s*yes/i));
}
