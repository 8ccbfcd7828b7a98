import type { Environment } from '@payer/smart';
import {
  AppHeading,
  Badge,
  Button,
  Card,
  ConfirmButton,
  DefinitionList,
  Form,
  Instant,
  type Texts,
} from '@payer/ui';
import { durations, endAfter, lengthOf } from '../consent-screen/durations.js';
import { OpenedKinds, openedKindsOf } from '../consent-screen/opened-kinds.js';
import { sensitiveInWords } from '../consent-screen/sensitive-choice.js';
import type { ListedGrant } from '../grants/grants.js';
import type { CountOfType } from '../record-counts/record-counts.js';

/** An app with live grants of a member. */
export interface ConnectedApp {
  client_id: string;
  name: string;
  organization: string | null;
  /** URL of the logo on our own origin. */
  logo?: string;
  isSuspended: boolean;
  /** The app's live grants, the newest first. */
  grants: ListedGrant[];
}

export interface AppCardProps {
  texts: Texts;
  app: ConnectedApp;
  environment: Environment;
  memberName: string;
  longestDays: number;
  /** How many records the member has. */
  counts: CountOfType;
  /** Whether it is unknown now if the app has redeemed the decision. */
  isUnconfirmed: boolean;
}

const earliest = (dates: Date[]) => new Date(Math.min(...dates.map(Number)));
const latest = (dates: Date[]) => new Date(Math.max(...dates.map(Number)));

export function AppCard(props: AppCardProps) {
  const { texts, app, environment, memberName, longestDays, counts, isUnconfirmed } = props;
  const used = app.grants.map((grant) => grant.last_used).filter((date) => date !== null);
  const requests = app.grants.reduce((sum, grant) => sum + Number(grant.requests), 0);
  const until = latest(app.grants.map((grant) => grant.expires_at));
  const name = <bdi>{app.name}</bdi>;
  const [first] = app.grants;
  return (
    <Card>
      <div class="row between">
        <AppHeading texts={texts} name={app.name} organization={app.organization} logo={app.logo} />
        {isUnconfirmed && <Badge tone="neutral">{texts.t('apps.unconfirmed')}</Badge>}
        {app.isSuspended && <Badge tone="warn">{texts.t('apps.suspended')}</Badge>}
      </div>
      {isUnconfirmed && <p>{texts.t('apps.unconfirmed.text')}</p>}
      {app.isSuspended && <p>{texts.t('apps.suspended.text')}</p>}
      <DefinitionList
        items={[
          { term: texts.t('apps.for'), value: <bdi>{nameOfPatient(texts, first, memberName)}</bdi> },
          ...(first?.related_person ? [{ term: texts.t('apps.givenBy'), value: givenBy(texts, first) }] : []),
          {
            term: texts.t('apps.since'),
            value: <Instant texts={texts} at={earliest(app.grants.map((grant) => grant.created_at))} />,
          },
          { term: texts.t('apps.until'), value: <Instant texts={texts} at={until} show="dateAndTime" /> },
          {
            term: texts.t('apps.lastUsed'),
            value:
              used.length > 0 ? (
                <Instant texts={texts} at={latest(used)} show="dateAndTime" />
              ) : (
                texts.t('apps.notYet')
              ),
          },
          {
            term: texts.t('sensitive.title'),
            value: sensitiveInWords(
              texts,
              app.grants.flatMap(({ sensitive }) => sensitive),
            ),
          },
          { term: texts.t('apps.requests'), value: texts.number(requests) },
        ]}
      />
      {!app.isSuspended && first && (
        <details>
          <summary>{texts.t('apps.canSee')}</summary>
          <OpenedKinds texts={texts} kinds={openedKindsOf(first)} counts={counts} />
        </details>
      )}
      {!first?.is_given_by_other && <Shorten {...{ texts, app, environment, longestDays, until }} />}
      <ul>
        {app.grants.map((grant) => (
          <li key={grant.grant_id}>
            <a href={`/${environment}/receipts/${grant.grant_id}`}>
              {texts.rich('apps.receipt.of', { date: <Instant texts={texts} at={grant.created_at} /> })}
            </a>
            <br />
            <a href={`/${environment}/receipts/${grant.grant_id}/fhir`}>{texts.t('apps.receipt.fhir')}</a>
          </li>
        ))}
      </ul>
      <ConfirmButton
        id={`disconnect-${first?.grant_id}`}
        action={`/${environment}/disconnect`}
        fields={fieldsOf(app)}
        opener={texts.rich('apps.disconnect', { app: name })}
        question={texts.rich('apps.disconnect.ask', { app: name })}
        explanation={texts.t('apps.disconnect.what')}
        yes={texts.rich('apps.disconnect.now', { app: name })}
        no={texts.t('apps.disconnect.keep')}
      />
    </Card>
  );
}

/** The hidden fields of a card's forms: the app, and a grant that identifies patient and member. */
const fieldsOf = ({ client_id, grants: [first] }: ConnectedApp) => ({
  client_id,
  ...(first ? { grant_id: first.grant_id } : {}),
});

/** The person whose records a grant opens, as its viewer knows the person. */
export function nameOfPatient(texts: Texts, grant: ListedGrant | undefined, memberName: string): string {
  if (!grant?.related_person || grant.is_given_by_other) return memberName;
  return grant.patient_name ?? texts.t('apps.for.other');
}

/** The member who connected the app for another patient. */
function givenBy(texts: Texts, { is_given_by_other, given_by_name }: ListedGrant) {
  if (!is_given_by_other) return texts.t('apps.givenBy.you');
  return given_by_name ? <bdi>{given_by_name}</bdi> : texts.t('apps.givenBy.other');
}

/** A form that moves the expiry to an earlier date. Absent when no choice is earlier. */
function Shorten(props: {
  texts: Texts;
  app: ConnectedApp;
  environment: Environment;
  longestDays: number;
  until: Date;
}) {
  const { texts, app, environment, longestDays, until } = props;
  const sooner = durations(longestDays).filter((days) => endAfter(days) < until);
  if (sooner.length === 0) return null;
  return (
    <details>
      <summary>{texts.t('apps.shorten')}</summary>
      <Form action={`/${environment}/shorten`}>
        {Object.entries(fieldsOf(app)).map(([name, value]) => (
          <input key={name} type="hidden" name={name} value={value} />
        ))}
        <fieldset>
          <legend>{texts.t('apps.shorten.legend')}</legend>
          {sooner.map((days) => {
            const id = `shorten-${app.grants[0]?.grant_id}-${days}`;
            return (
              <div class="choice" key={days}>
                <input type="radio" id={id} name="days" value={String(days)} />
                <label for={id}>
                  {texts.rich('consent.days.choice', {
                    length: lengthOf(days, texts),
                    date: <Instant texts={texts} at={endAfter(days)} />,
                  })}
                </label>
              </div>
            );
          })}
        </fieldset>
        <Button variant="secondary">{texts.t('apps.shorten.button')}</Button>
      </Form>
    </details>
  );
}
