import type { Environment } from '@payer/smart';
import { Card, MemberPage, renderPage, type TextKey, type Texts } from '@payer/ui';

/**
 * Complaint addresses for members: the Office for Civil Rights and the Federal Trade Commission, in both
 * languages.
 */
const complaintAddresses = {
  en: {
    ocr: 'https://www.hhs.gov/hipaa/filing-a-complaint/index.html',
    ftc: 'https://reportfraud.ftc.gov/',
  },
  es: {
    ocr: 'https://www.hhs.gov/es/hipaa/filing-a-complaint/index.html',
    ftc: 'https://reportefraude.ftc.gov/',
  },
} as const;

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
  const { ocr, ftc } = complaintAddresses[texts.language];
  const outside = (href: string, key: TextKey) => (
    <a href={href} rel="noopener noreferrer">
      {texts.t(key)}
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
          <li>{texts.rich('learn.complain.app', { ftc: outside(ftc, 'learn.complain.app.link') })}</li>
          <li>
            {texts.rich('learn.complain.plan', {
              plan: planName,
              ocr: outside(ocr, 'learn.complain.plan.link'),
            })}
          </li>
        </ul>
      </Card>
    </MemberPage>,
  );
}

/** Path of the page below an environment's URL. */
export const educationPath = 'before-you-share';
