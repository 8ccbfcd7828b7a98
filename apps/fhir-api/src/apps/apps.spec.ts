import { expect, it } from 'vitest';
import type { AppState } from '@payer/smart';
import { Apps } from './apps.js';

function state(version: number, status: AppState['status'] = 'active'): AppState {
  return {
    client_id: 'app1',
    version,
    client_name: 'Health',
    organization: 'Apps Inc',
    redirect_uris: [],
    plan: 'patient-access',
    status,
    environments: status === 'active' ? ['sandbox'] : [],
    require_pkce: false,
    secrets: [],
    tokens_valid_from: status === 'active' ? null : '2026-11-25T12:00:00.000Z',
  };
}

it('an app that is suspended stays so, however often and late its earlier states come from other topics', () => {
  const apps = new Apps();
  for (const event of [state(2), state(4, 'suspended'), state(3), state(4), state(2)]) apps.apply(event);
  expect(apps.find('app1')).toMatchObject({
    version: 4,
    status: 'suspended',
    environments: [],
    tokensValidFrom: Date.parse('2026-11-25T12:00:00.000Z'),
  });
  apps.apply(state(5));
  expect(apps.find('app1')).toMatchObject({
    version: 5,
    environments: ['sandbox'],
    tokensValidFrom: undefined,
  });
});
