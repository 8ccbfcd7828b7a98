import { scopeMeanings, type ConsentRequest, type Scope } from '@payer/smart';
import {
  AppIdentity,
  Button,
  ButtonChoices,
  Card,
  Form,
  Notice,
  Page,
  RadioGroup,
  renderPage,
  safeUrl,
  ScopeList,
} from '@payer/ui';
import { durations } from './durations.js';

export interface ConsentPageProps {
  planName: string;
  request: ConsentRequest;
  action: string;
  managementUrl: string;
  longestDays: number;
}

/** The question, in plain words: who asks, for whose records, what they will see and never can, how long, and how to stop it. */
function ConsentPage({ planName, request, action, managementUrl, longestDays }: ConsentPageProps) {
  const will = request.scope
    .split(' ')
    .map((scope) => scopeMeanings[scope as Scope])
    .filter((meaning) => meaning !== undefined)
    .map((meaning) => ({ ...meaning, included: true }));
  const never = [
    { title: 'Change anything in your records', included: false },
    { title: 'See your password', included: false },
    { title: 'See records of your family members', included: false },
  ];
  const choices = durations(longestDays);
  const policy = safeUrl(request.policy_uri, 'link');
  const terms = safeUrl(request.tos_uri, 'link');
  return (
    <Page
      title={`Connect ${request.client_name}?`}
      area="member"
      planName={planName}
      environment={request.environment}
    >
      <h1>
        Share your records with <bdi>{request.client_name}</bdi>?
      </h1>
      <Card>
        <AppIdentity
          name={request.client_name}
          organization={request.organization}
          logoUri={request.logo_uri}
          href={request.client_uri}
        />
      </Card>
      <p>
        You are signed in as <strong>{request.member_name}</strong>
        {request.sign_in_url && (
          <>
            {' '}
            (<a href={request.sign_in_url}>not you?</a>)
          </>
        )}
        . If you say yes, this app can read the records that {planName} holds about you.
      </p>
      <Card title="The app will see">
        <ScopeList items={will} />
      </Card>
      <Card title="The app can never">
        <ScopeList items={never} />
      </Card>
      <Form action={action}>
        <Card>
          <RadioGroup
            label="For how long?"
            name="days"
            value={choices.at(-1)?.value}
            options={choices.map(({ value, label }) => ({ value, label }))}
          />
          <p class="muted small">
            You can stop it at any moment at <a href={managementUrl}>your connected apps</a>; the app is cut
            off at once.
          </p>
        </Card>
        <Notice tone="warn" title="Before you decide">
          <p>
            {planName} does not control what the app does with your records once it has them, and health
            privacy law (HIPAA) may no longer protect them there. Read how the app uses and shares your
            information
            {policy ? (
              <>
                {' in its '}
                <a href={policy} rel="noopener noreferrer">
                  privacy policy
                </a>
              </>
            ) : (
              '; this app gives no privacy policy'
            )}
            {terms && (
              <>
                {' and its '}
                <a href={terms} rel="noopener noreferrer">
                  terms of use
                </a>
              </>
            )}
            .
          </p>
        </Notice>
        <ButtonChoices>
          <Button variant="secondary" name="decision" value="deny">
            No, don’t share
          </Button>
          <Button name="decision" value="allow">
            Yes, share
          </Button>
        </ButtonChoices>
      </Form>
    </Page>
  );
}

export function renderConsentPage(props: ConsentPageProps): string {
  return renderPage(<ConsentPage {...props} />);
}
