import type { Environment } from '@payer/smart';
import { Card, MemberPage, renderPage, type TextKey, type Texts } from '@payer/ui';

const advice: readonly TextKey[] = [
  'learn.choose.who',
  'learn.choose.policy',
  'learn.choose.use',
  'learn.choose.others',
  'learn.choose.keep',
  'learn.choose.delete',
  'learn.choose.family',
];

/** The information about apps that a plan must give to its members (42 CFR 422.119(g)). */
export function renderEducationPage(props: {
  texts: Texts;
  planName: string;
  environment: Environment;
  managementUrl: string;
}): string {
  const { texts, planName, environment, managementUrl } = props;
  const title = texts.t('learn.title');
  /** A link to an authority, whose page is in the member's language. */
  const authority = (href: TextKey, name: TextKey) => (
    <a href={texts.t(href)} rel="noopener noreferrer">
      {texts.t(name)}
    </a>
  );
  return renderPage(
    <MemberPage texts={texts} title={title} planName={planName} environment={environment}>
      <h1>{title}</h1>
      <Card title={texts.t('learn.choose')}>
        <ul>
          {advice.map((key) => (
            <li key={key}>{texts.t(key)}</li>
          ))}
        </ul>
      </Card>
      <Card title={texts.t('learn.hipaa')}>
        <p>{texts.t('learn.hipaa.covered')}</p>
        <p>{texts.t('learn.hipaa.apps')}</p>
        <p>{texts.t('learn.hipaa.share')}</p>
      </Card>
      <Card title={texts.t('learn.complain')}>
        <ul>
          <li>
            {texts.rich('learn.complain.stop', {
              connectedApps: <a href={managementUrl}>{texts.t('consent.stop.link')}</a>,
            })}
          </li>
          <li>
            {texts.rich('learn.complain.app', {
              ftc: authority('learn.complain.app.href', 'learn.complain.app.link'),
            })}
          </li>
          <li>
            {texts.rich('learn.complain.plan', {
              plan: planName,
              ocr: authority('learn.complain.plan.href', 'learn.complain.plan.link'),
            })}
          </li>
        </ul>
      </Card>
    </MemberPage>,
  );
}

/** Path of the page below an environment's URL. */
export const educationPath = 'before-you-share';
