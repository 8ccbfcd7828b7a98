import { expectLeft, expectPage, type Browser } from './browser.js';

export interface Member {
  username: string;
  password: string;
}

/**
 * Signs a member in and agrees, starting at an authorization URL. Nothing is asked when the member's earlier
 * grant stands.
 * @returns the redirect URI with its query, as the browser was sent to it
 */
export async function agree(browser: Browser, url: string, member: Member): Promise<URL> {
  const signIn = expectPage(await browser.open(url));
  const signedIn = await browser.submit(signIn, { username: member.username, password: member.password });
  return signedIn.left ?? expectLeft(await browser.submit(signedIn.page, {}, /^\s*yes/i));
}
