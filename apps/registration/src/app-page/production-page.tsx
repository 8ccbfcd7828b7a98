import { Button, Card, Form, Notice, TextArea, Time } from '@payer/ui';
import type { AppView } from '../apps/app-view.js';
import { errorOf } from '../http/portal-page.js';
import { AppFrame, type AppFrameProps } from './app-frame.js';
import { tabAddress } from './tabs.js';

export function ProductionPage(props: AppFrameProps & { useCase?: string }) {
  const { app, useCase, errors = [], actor } = props;
  const isDeveloper = actor.role === 'developer';
  const request = app.production_request;
  return (
    <AppFrame tab="production" {...props}>
      <Card title="Production access">
        <p>
          <ProductionState app={app} isDeveloper={isDeveloper} />
        </p>
        {request?.note && (
          <Notice
            tone={request.status === 'rejected' ? 'warn' : 'neutral'}
            title={`The platform team’s note (${request.status})`}
          >
            <p>{request.note}</p>
          </Notice>
        )}
        {isDeveloper && mayAsk(app) && (
          <Form action={tabAddress(app.client_id, 'production')} class="column">
            <TextArea
              label="What the app does"
              name="use_case"
              rows={3}
              value={useCase}
              error={errorOf(errors, 'use_case')}
              hint="For whom, and with which records. The platform team reads it."
            />
            <Button>Request production access</Button>
          </Form>
        )}
      </Card>
    </AppFrame>
  );
}

function mayAsk(app: AppView): boolean {
  return (
    app.plan !== null &&
    app.status === 'active' &&
    !app.environments.includes('production') &&
    app.production_request?.status !== 'pending'
  );
}

function ProductionState({ app, isDeveloper }: { app: AppView; isDeveloper: boolean }) {
  const request = app.production_request;
  if (app.environments.includes('production'))
    return <>Approved. The same credentials work at the production addresses.</>;
  if (app.status === 'suspended') return <>Production and sandbox are closed while the app is suspended.</>;
  if (request?.status === 'pending')
    return (
      <>
        {isDeveloper ? 'Your request' : 'The request'} of <Time iso={request.created_at} /> is waiting for
        review.
      </>
    );
  if (!isDeveloper)
    return (
      <>{request?.status === 'rejected' ? 'The request was not approved.' : 'The developer has not asked.'}</>
    );
  if (request?.status === 'rejected')
    return <>Your request was not approved. Change what the note names, then ask again.</>;
  if (!app.plan) return <>Choose a plan on the Overview first. The sandbox then opens.</>;
  return <>Ask for production when your app works in the sandbox. The platform team reviews each request.</>;
}
