import type { Page } from 'playwright-core';

/** A passkey device of the browser. */
export interface VirtualAuthenticator {
  /** Whether the device recognises the person from now on. */
  recognisePerson(isRecognised: boolean): Promise<void>;
}

/** Gives the browser of a page a passkey device, which recognises the person (WebAuthn §11). */
export async function addAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    recognisePerson: async (isUserVerified) => {
      await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
  };
}
