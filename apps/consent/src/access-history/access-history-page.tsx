import type { Environment } from '@payer/smart';
import { Card, EmptyState, MemberPage, renderPage, Table, type Texts } from '@payer/ui';
import type { AccessDay } from './access-history.js';

interface AccessHistoryPageProps {
  texts: Texts;
  planName: string;
  environment: Environment;
  memberName: string;
  days: readonly AccessDay[];
}

/** A day in UTC, as fhir-api counts. The time zone of the plan would move it. */
const dayIn = (texts: Texts, day: string) =>
  new Intl.DateTimeFormat(texts.locale, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(day));

function AccessHistoryPage({ texts, planName, environment, memberName, days }: AccessHistoryPageProps) {
  return (
    <MemberPage
      texts={texts}
      title={texts.t('history.title')}
      planName={planName}
      environment={environment}
      signedIn={{ label: memberName, signOutAction: `/${environment}/sign-out` }}
    >
      <h1>{texts.t('history.title')}</h1>
      {days.length === 0 ? (
        <EmptyState title={texts.t('history.empty')}>
          <p>{texts.t('history.empty.text')}</p>
        </EmptyState>
      ) : (
        <>
          <p class="lead">{texts.t('history.lead')}</p>
          <Card>
            <Table
              head={[texts.t('history.day'), texts.t('apps.ended.app'), texts.t('history.read')]}
              rows={days.map((each) => [
                <time dateTime={each.day}>{dayIn(texts, each.day)}</time>,
                <div>
                  <bdi>{each.client_name}</bdi>
                  {each.records_of && (
                    <div class="muted small">
                      {texts.t('apps.for')}: <bdi>{each.records_of}</bdi>
                    </div>
                  )}
                </div>,
                <Read texts={texts} day={each} />,
              ])}
            />
            <p>
              <a href={`/${environment}/history.json`}>{texts.t('history.download')}</a>
            </p>
          </Card>
        </>
      )}
      <p>
        <a href={`/${environment}/`}>{texts.t('answered.link')}</a>
      </p>
    </MemberPage>
  );
}

function Read({ texts, day: { read, requests } }: { texts: Texts; day: AccessDay }) {
  if (read?.length === 0) return <div>{texts.t('history.nothing')}</div>;
  if (!read) return <div>{texts.count('history.asked', requests)}</div>;
  return (
    <ul class="plain">
      {read.map(({ kind, records }) => (
        <li key={kind}>
          {texts.t(`kind.${kind}`)}: {texts.count('history.records', records)}
        </li>
      ))}
    </ul>
  );
}

export function renderAccessHistoryPage(props: AccessHistoryPageProps): string {
  return renderPage(<AccessHistoryPage {...props} />);
}
