import { environmentRules, type ConsentRequest, type SensitiveKind } from '@payer/smart';
import {
  AppHeading,
  Button,
  Card,
  ErrorSummary,
  Form,
  Instant,
  MemberPage,
  Notice,
  renderPage,
  safeUrl,
  type TextKey,
  type Texts,
} from '@payer/ui';
import type { ComponentChildren } from 'preact';
import { educationPath } from '../education/education-page.js';
import type { CountOfType } from '../record-counts/record-counts.js';
import { defaultDuration, durationChoices, lengthOf, rightEndOf } from './durations.js';
import { OpenedKinds, openedKindsOf } from './opened-kinds.js';
import { SensitiveChoice } from './sensitive-choice.js';

export interface ConsentPageProps {
  texts: Texts;
  planName: string;
  request: ConsentRequest;
  /** URL of the app's logo on our own origin. */
  logo?: string;
  action: string;
  managementUrl: string;
  longestDays: number;
  /** Whether the developer has attested the app's privacy practices. */
  isAttested: boolean;
  /** How many records the member has. */
  counts: CountOfType;
  /** The sensitive kinds that are ticked. */
  sensitive: readonly SensitiveKind[];
  /** The error of the previous decision. */
  problem?: TextKey;
}

/**
 * The consent page: which app asks, what it will see and will never see, for how long, and how to revoke the
 * access.
 */
function ConsentPage(props: ConsentPageProps) {
  const { texts, planName, request, logo, action, managementUrl, problem } = props;
  const kinds = openedKindsOf(request);
  const { representation } = request;
  const [title, heading] = titleOf(texts, request);
  return (
    <MemberPage title={title} texts={texts} planName={planName} environment={request.environment}>
      <h1>{heading}</h1>
      {/* The form encloses the whole page, so that its buttons are in view from the first line on. */}
      <Form action={action}>
        {problem && (
          <ErrorSummary
            title={texts.t('consent.error.title')}
            errors={[{ field: 'days', message: texts.t(problem) }]}
          />
        )}
        <Card>
          <AppHeading
            texts={texts}
            name={request.client_name}
            organization={request.organization}
            logo={logo}
            href={request.client_uri}
          >
            <div class="muted small">
              {texts.t(`app.${environmentRules[request.environment].opens}`, { plan: planName })}
            </div>
          </AppHeading>
        </Card>
        <p>
          {texts.rich('consent.youAre', { member: <strong>{request.member_name}</strong> })}{' '}
          {request.sign_in_url && <a href={request.sign_in_url}>{texts.t('consent.notYou')}</a>}
        </p>
        <WhoseRecords texts={texts} request={request} />
        <Card title={texts.t('consent.canSee')}>
          <p class="muted small">{texts.t('consent.canSee.hint')}</p>
          <OpenedKinds texts={texts} kinds={kinds} counts={props.counts} />
          <p class="muted small">{texts.t('consent.canSee.all')}</p>
        </Card>
        <SensitiveChoice texts={texts} chosen={props.sensitive} />
        <Card title={texts.t('consent.never')}>
          <ul>
            <li>{texts.t('consent.never.change')}</li>
            <li>{texts.t('consent.never.password')}</li>
            <li>{texts.t('consent.never.others')}</li>
          </ul>
          {kinds.some(({ kind }) => kind === 'familyContacts') && !representation && (
            <p class="muted small">{texts.t('consent.never.contacts')}</p>
          )}
        </Card>
        <Durations {...props} managementUrl={managementUrl} />
        <Risk {...props} />
        <div class="decide">
          <p class="muted small">{texts.t('consent.no')}</p>
          <div class="choices">
            <Button variant="secondary" name="decision" value="deny">
              {texts.t('consent.button.no')}
            </Button>
            <Button variant="secondary" name="decision" value="allow">
              {texts.t('consent.button.yes')}
            </Button>
          </div>
        </div>
      </Form>
    </MemberPage>
  );
}

/** The title as text, and the heading with the names as elements. */
function titleOf(
  texts: Texts,
  { client_name: app, representation }: ConsentRequest,
): [string, ComponentChildren] {
  if (!representation)
    return [texts.t('consent.title', { app }), texts.rich('consent.title', { app: <bdi>{app}</bdi> })];
  const { patient_name: patient } = representation;
  const elements = { app: <bdi>{app}</bdi>, patient: <bdi>{patient}</bdi> };
  return [texts.t('consent.title.for', { app, patient }), texts.rich('consent.title.for', elements)];
}

/**
 * Whose records the page is about, and the way to another patient. Empty for a member who has only own ones.
 */
function WhoseRecords({ texts, request }: { texts: Texts; request: ConsentRequest }) {
  const { representation, choose_patient_url: choose } = request;
  if (!representation && !choose) return null;
  const patient = <bdi>{representation?.patient_name}</bdi>;
  return (
    <Card title={texts.t('consent.whose')}>
      {representation ? (
        <>
          <p>{texts.rich(`represent.${representation.relationship}`, { patient })}</p>
          <p>{texts.rich('consent.whose.your', { patient })}</p>
        </>
      ) : (
        <p>{texts.t('consent.whose.own')}</p>
      )}
      {choose && (
        <p>
          <a href={choose}>{texts.t('consent.whose.choose')}</a>
        </p>
      )}
    </Card>
  );
}

function Durations({ texts, longestDays, managementUrl, request }: ConsentPageProps) {
  const choices = durationChoices(longestDays, rightEndOf(request));
  const preferred = choices.findLast(({ days }) => days <= defaultDuration(longestDays)) ?? choices[0];
  return (
    <Card>
      <fieldset>
        <legend>{texts.t('consent.days')}</legend>
        {choices.map(({ days, end, isCut }, index) => {
          const id = index === 0 ? 'field-days' : `field-days-${index}`;
          return (
            <div class="choice" key={days}>
              <input
                type="radio"
                id={id}
                name="days"
                value={String(days)}
                checked={days === preferred?.days}
              />
              <label for={id}>
                {texts.rich(isCut ? 'consent.days.rightEnds' : 'consent.days.choice', {
                  length: lengthOf(days, texts),
                  date: <Instant texts={texts} at={end} />,
                })}
              </label>
            </div>
          );
        })}
      </fieldset>
      <p>{texts.t('consent.offline')}</p>
      <p>
        {texts.rich('consent.stop', {
          connectedApps: <a href={managementUrl}>{texts.t('consent.stop.link')}</a>,
        })}{' '}
        {texts.t('consent.stop.limit')}
      </p>
    </Card>
  );
}

/** The app's own policies, which apply after it has received the records (42 CFR 431.60(g)). */
function Risk({ texts, request, planName, isAttested }: ConsentPageProps) {
  const policy = safeUrl(request.policy_uri, 'link');
  const terms = safeUrl(request.tos_uri, 'link');
  const link = (href: string, key: TextKey) => (
    <a href={href} rel="noopener noreferrer">
      {texts.t(key)}
    </a>
  );
  return (
    <Notice tone="warn" title={texts.t('consent.risk')}>
      <p>
        {texts.t('consent.risk.law')}{' '}
        {policy
          ? texts.rich(terms ? 'consent.risk.policyAndTerms' : 'consent.risk.policy', {
              policy: link(policy, 'consent.risk.policy.link'),
              terms: terms && link(terms, 'consent.risk.terms.link'),
            })
          : texts.t('consent.risk.noPolicy')}
      </p>
      <Attestation {...{ texts, planName, isAttested }} />
      <p>
        <a href={`/${request.environment}/${educationPath}`}>{texts.t('learn.link')}</a>
      </p>
    </Notice>
  );
}

/** Whether the app's makers attested their privacy practices; if not, questions for the app's makers. */
function Attestation(props: { texts: Texts; planName: string; isAttested: boolean }) {
  const { texts, planName, isAttested } = props;
  if (isAttested) return <p>{texts.t('attested.yes', { plan: planName })}</p>;
  return (
    <>
      <p>{texts.t('attested.no', { plan: planName })}</p>
      <ul>
        <li>{texts.t('attested.ask.sell')}</li>
        <li>{texts.t('attested.ask.share')}</li>
        <li>{texts.t('attested.ask.delete')}</li>
      </ul>
    </>
  );
}

export function renderConsentPage(props: ConsentPageProps): string {
  return renderPage(<ConsentPage {...props} />);
}
