import type { Environment } from '@payer/smart';
import {
  Card,
  ConfirmButton,
  EmptyState,
  Instant,
  MemberPage,
  Notice,
  renderMemberMessage,
  renderPage,
  Table,
  type Texts,
} from '@payer/ui';
import { educationPath } from '../education/education-page.js';
import type { ListedGrant } from '../grants/grants.js';
import type { CountOfType } from '../record-counts/record-counts.js';
import { AppCard, nameOfPatient, type ConnectedApp } from './app-card.js';
import type { DoneNotice } from './done-notice.js';

export interface ConnectedAppsPageProps {
  texts: Texts;
  planName: string;
  environment: Environment;
  memberName: string;
  /** Longest duration of a grant in the plan, in days. */
  longestDays: number;
  /** How many records each patient has. */
  counts: ReadonlyMap<string, CountOfType>;
  apps: ConnectedApp[];
  /** Apps whose pending grant may or may not have been redeemed. */
  unconfirmed: ConnectedApp[];
  ended: ListedGrant[];
  /** Where the member adds a second factor. Absent for synthetic members. */
  secondFactorUrl?: string;
  /** The member's latest action. */
  done?: DoneNotice;
}

function ConnectedAppsPage(props: ConnectedAppsPageProps) {
  const { texts, planName, environment, memberName, apps, unconfirmed, ended, done } = props;
  const { longestDays, counts } = props;
  const cards = [
    ...apps.map((app) => ({ app, isUnconfirmed: false })),
    ...unconfirmed.map((app) => ({ app, isUnconfirmed: true })),
  ];
  return (
    <MemberPage
      texts={texts}
      title={texts.t('apps.title')}
      planName={planName}
      environment={environment}
      signedIn={{ label: memberName, signOutAction: `/${environment}/sign-out` }}
    >
      <h1>{texts.t('apps.title')}</h1>
      {done && <Done texts={texts} done={done} />}
      {cards.length === 0 ? (
        <EmptyState title={texts.t('apps.empty')}>
          <p>{texts.t('apps.empty.text')}</p>
        </EmptyState>
      ) : (
        <p class="lead">{texts.t('apps.lead')}</p>
      )}
      {cards.map(({ app, isUnconfirmed }) => (
        <AppCard
          key={`${app.grants[0]?.grant_id} ${isUnconfirmed}`}
          {...{ texts, app, environment, memberName, longestDays, isUnconfirmed }}
          counts={counts.get(app.grants[0]?.patient ?? '') ?? new Map()}
        />
      ))}
      {cards.length > 1 && (
        <Card>
          <ConfirmButton
            id="disconnect-all"
            action={`/${environment}/disconnect-all`}
            fields={{}}
            opener={texts.t('apps.disconnectAll')}
            question={texts.t('apps.disconnectAll.ask')}
            explanation={texts.t('apps.disconnect.what')}
            yes={texts.t('apps.disconnectAll.now')}
            no={texts.t('apps.disconnectAll.keep')}
          />
        </Card>
      )}
      {ended.length > 0 && <Ended texts={texts} ended={ended} memberName={memberName} />}
      <p>
        <a href={`/${environment}/history`}>{texts.t('history.link')}</a>
      </p>
      {props.secondFactorUrl && (
        <p>
          <a href={props.secondFactorUrl}>{texts.t('secondFactor.link')}</a>
        </p>
      )}
      <p>
        <a href={`/${environment}/${educationPath}`}>{texts.t('learn.link')}</a>
      </p>
    </MemberPage>
  );
}

function Done({ texts, done }: { texts: Texts; done: DoneNotice }) {
  if (done.what === 'failed')
    return (
      <Notice tone="bad" title={texts.t('error.failed')}>
        <p>{texts.t('apps.shorten.error')}</p>
      </Notice>
    );
  const app = 'app' in done ? <bdi>{done.app}</bdi> : '';
  if (done.what === 'shortened')
    return (
      <Notice tone="good">
        <h2>{texts.rich('apps.shortened', { app })}</h2>
        <p>
          {texts.rich('apps.shortened.when', {
            date: <Instant texts={texts} at={done.at} show="dateAndTime" />,
          })}
        </p>
      </Notice>
    );
  const key = done.what === 'disconnected' ? 'apps.disconnected' : 'apps.disconnectedAll';
  return (
    <Notice tone="good">
      <h2>{texts.rich(key, { app })}</h2>
      <p>
        {texts.rich(`${key}.when`, { time: <Instant texts={texts} at={done.at} show="time" /> })}{' '}
        {texts.t(`${key}.data`)}
      </p>
    </Notice>
  );
}

function Ended(props: { texts: Texts; ended: readonly ListedGrant[]; memberName: string }) {
  const { texts, ended, memberName } = props;
  return (
    <Card title={texts.t('apps.ended')}>
      <Table
        head={[texts.t('apps.ended.app'), texts.t('apps.ended.when'), texts.t('apps.ended.why')]}
        rows={ended.map((grant) => [
          <div>
            <bdi>{grant.client_name}</bdi>
            {grant.related_person && (
              <div class="muted small">
                {texts.t('apps.for')}: <bdi>{nameOfPatient(texts, grant, memberName)}</bdi>
              </div>
            )}
          </div>,
          <Instant texts={texts} at={grant.revoked_at ?? grant.expires_at} show="dateAndTime" />,
          <div>
            {whyEnded(texts, grant)} <Receipt texts={texts} grant={grant} />
          </div>,
        ])}
      />
    </Card>
  );
}

function Receipt({ texts, grant }: { texts: Texts; grant: ListedGrant }) {
  return <a href={`/${grant.environment}/receipts/${grant.grant_id}`}>{texts.t('apps.receipt')}</a>;
}

function whyEnded(texts: Texts, grant: ListedGrant): string {
  const { confirm_by, confirmed_at, revoked_reason } = grant;
  // The one of two people who looks at the grant did not end it.
  if (revoked_reason === 'member' && grant.is_given_by_other !== (grant.ended_by !== null))
    return texts.t('ended.member.other');
  const isUnredeemed = revoked_reason === 'expired' && confirm_by !== null && confirmed_at === null;
  return texts.t(isUnredeemed ? 'ended.unredeemed' : `ended.${revoked_reason ?? 'expired'}`);
}

export function renderConnectedAppsPage(props: ConnectedAppsPageProps): string {
  return renderPage(<ConnectedAppsPage {...props} />);
}

export function renderSignedOutPage(texts: Texts, planName: string, environment: Environment): string {
  return renderMemberMessage(
    { texts, planName, environment, title: texts.t('signedOut.title') },
    texts.t('signedOut.text'),
    <a href={`/${environment}/`}>{texts.t('signedOut.again')}</a>,
  );
}
