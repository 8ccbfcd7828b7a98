import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planRules } from '@payer/smart';
import { request as httpRequest } from 'node:http';
import { appOf, redirectUri } from '../testing/apps.js';
import type { Browser } from '../testing/browser.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';

const scope = planRules['patient-access'].scopes.join(' ');

describe('authorization requests', () => {
  const system = new AuthServerUnderTest();
  beforeAll(() => system.start());
  afterAll(() => system.stop());

  it.each([
    'https://app.example/cb?flag',
    'https://app.example/a~b/../c',
    'https://APP.example:443/cb?a=1&b',
  ])('an answer goes to %s character for character', async (uri) => {
    const state = await system.register(appOf('patient-access', { redirect_uris: [uri] }));
    const go = system.browser();
    const refused = await go(system.authorizePath(state, { redirect_uri: uri, scope: 'openid' }));
    const { redirect, location } = await system.authorize(state, { redirect_uri: uri, scope });
    const separator = uri.includes('?') ? '&' : '?';
    for (const address of [refused.location, location]) expect(address).toContain(`${uri}${separator}`);
    expect(refused.location).toContain('error=invalid_scope');
    expect(redirect.searchParams.get('code')).toBeTruthy();
  });

  it('parameters without a value count as absent', async () => {
    const state = await system.register(appOf('patient-access'));
    const empty = {
      aud: '',
      resource: '',
      code_challenge: '',
      code_challenge_method: '',
      prompt: '',
      nonce: '',
    };
    const { redirect } = await system.authorize(state, { scope, ...empty });
    expect(redirect.searchParams.get('code')).toBeTruthy();
  });

  it('a request that is too long gets the same page by GET and by POST', async () => {
    const state = await system.register(appOf('patient-access'));
    const path = system.authorizePath(state, { scope, state: 's'.repeat(13_000) });
    const go = system.browser();
    const [url = '', query = ''] = path.split('?');
    const byGet = await go(path);
    const byPost = await go(url, { method: 'POST', body: new URLSearchParams(query) });
    expect([byGet.status, byPost.status]).toEqual([400, 400]);
    for (const { text } of [byGet, byPost]) expect(text).toContain('longer than');
  });

  it('an error of an app without approval stays on a page, and leads nowhere', async () => {
    const state = await system.register(appOf('patient-access'));
    const path = system.authorizePath(state, { scope }, 'production');
    const answer = await system.browser()(path);
    expect([answer.status, answer.location]).toEqual([400, '']);
    expect(answer.text).toContain('unauthorized_client');
  });

  it('prompt=select_account gets account_selection_required', async () => {
    const state = await system.register(appOf('patient-access'));
    const { location } = await system.browser()(
      system.authorizePath(state, { scope, prompt: 'select_account' }),
    );
    expect(new URL(location).searchParams.get('error')).toBe('account_selection_required');
  });

  it('a member who is not the one of id_token_hint gives no code', async () => {
    const state = await system.register(appOf('patient-access'));
    const { id_token = '' } = await system.connect(state);
    await system.addMember('sandbox', 'other', 'sub-other');
    const go = system.browser();
    const signIn = (await go(system.authorizePath(state, { scope, id_token_hint: id_token }))).location;
    const form = new URLSearchParams({ username: 'other', password: 'password' });
    let step = await go(signIn, { method: 'POST', body: form });
    for (let count = 0; count < 8 && !step.location.startsWith(redirectUri); count++) {
      const { pathname, searchParams, origin } = new URL(step.location, 'http://localhost:4000');
      const interaction = searchParams.get('interaction');
      const isConsent = origin === 'http://localhost:4002' && interaction;
      if (step.location === '' || (pathname.includes('/interaction/') && step.text.includes('<form'))) break;
      step = await go(
        isConsent ? `/sandbox/interaction/${interaction}/consent?browser=${'b'.repeat(43)}` : step.location,
      );
    }
    expect(new URL(step.location).searchParams.get('error')).toBe('login_required');
  });

  describe('of two members at two tabs of one browser', () => {
    const signIn = (go: Browser, at: string, username: string) =>
      go(at, { method: 'POST', body: new URLSearchParams({ username, password: 'password' }) });
    /** Follows the browser's way until it leaves this service, or stays on a page. */
    const follow = async (go: Browser, location: string) => {
      let answer = await go(location);
      while (answer.location.startsWith('http://localhost:4000') || answer.location.startsWith('/'))
        answer = await go(answer.location);
      return answer;
    };
    const subOf = async (consentUrl: string, go: Browser) => {
      const interaction = new URL(consentUrl).searchParams.get('interaction');
      const asked = await go(`/sandbox/interaction/${interaction}/consent?browser=${'b'.repeat(43)}`);
      return (await system.consent.requestOf(asked.location)).sub;
    };
    const twoTabs = async () => {
      const state = await system.register(appOf('patient-access'));
      await system.addMember('sandbox', `tab-${state.client_id}`, `sub-${state.client_id}`);
      const go = system.browser();
      const [first, second] = [
        await go(system.authorizePath(state, { scope, state: 'first' })),
        await go(system.authorizePath(state, { scope, state: 'second' })),
      ];
      return { go, first: first.location, second: second.location, other: `tab-${state.client_id}` };
    };

    it('the later sign-in takes the browser, and the tab before it starts again', async () => {
      const { go, first, second, other } = await twoTabs();
      const one = await follow(go, (await signIn(go, first, 'member')).location);
      expect(await subOf(one.location, go)).toBe('sub-1');
      const two = await follow(go, (await signIn(go, second, other)).location);
      expect(await subOf(two.location, go)).toBe(other.replace('tab-', 'sub-'));
      const back = await go(one.location.replace(/.*interaction=/, '/sandbox/interaction/'));
      expect(back.location).not.toContain('code=');
      expect([back.status === 400, back.text.includes('<main')]).toEqual([true, true]);
    });

    it('two sign-ins at the same moment lead to no page of the engine', async () => {
      const { go, first, second, other } = await twoTabs();
      const [one, two] = [await signIn(go, first, 'member'), await signIn(go, second, other)];
      const ends = [await go(one.location), await go(two.location)];
      for (const { status, location, text } of ends)
        expect(location !== '' || (status === 400 && text.includes('<main'))).toBe(true);
      expect(ends.every(({ text }) => !text.includes('document.forms'))).toBe(true);
    });
  });

  it('an app whose redirect URI was removed during the sign-in gets no answer', async () => {
    const state = await system.register(appOf('patient-access'));
    const go = system.browser();
    const signIn = (await go(system.authorizePath(state, { scope }))).location;
    const form = new URLSearchParams({ username: 'member', password: 'password' });
    const posted = await go(signIn, { method: 'POST', body: form });
    const begin = new URL((await go((await go(posted.location)).location)).location);
    await system.publish('app-updated', {
      ...state,
      version: 2,
      redirect_uris: ['https://elsewhere.example/cb'],
    });
    const interaction = begin.searchParams.get('interaction');
    await system.applied(state.client_id, 2);
    const asked = await go(`/sandbox/interaction/${interaction}/consent?browser=${'b'.repeat(43)}`);
    expect([asked.status, asked.location]).toEqual([400, '']);
  });

  it('addresses of the discovery document come from configuration, whatever Host says', async () => {
    for (const path of ['openid-configuration', 'oauth-authorization-server']) {
      const document = await fetchWith(`${system.service.url}/sandbox/.well-known/${path}`, {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
      });
      expect(document).toContain('http://localhost:4000/sandbox/token');
      expect(document).not.toContain('evil.example');
    }
  });

  it('keys may be cached as long as the documents', async () => {
    const answer = await fetch(`${system.service.url}/sandbox/jwks`);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  });
});

/** A GET with any Host, which `fetch` does not permit. */
function fetchWith(url: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}
