import type { Environment } from '@payer/smart';
import {
  Button,
  Card,
  Form,
  MemberPage,
  Notice,
  renderMemberMessage,
  renderPage,
  type Texts,
} from '@payer/ui';

interface SignOutPage {
  texts: Texts;
  planName: string;
  environment: Environment;
  /** Address of the connected apps. */
  connectedApps: string;
}

/** Asks the member whether to sign out, and says that apps stay connected. */
export function renderSignOutPage(
  props: SignOutPage & { appName?: string; isOther: boolean; token: string },
): string {
  const { texts, planName, environment, connectedApps, appName, isOther, token } = props;
  const title = texts.t('signOut.title');
  return renderPage(
    <MemberPage texts={texts} title={title} planName={planName} environment={environment}>
      <h1>{title}</h1>
      <p class="lead">
        {appName === undefined
          ? texts.t('signOut.plain', { plan: planName })
          : texts.t('signOut.app', { app: appName, plan: planName })}
      </p>
      {isOther && <Notice>{texts.t('signOut.other')}</Notice>}
      <Card>
        <p>{texts.t('signOut.stays')}</p>
        <p>
          <a href={connectedApps}>{texts.t('signOut.stop')}</a>
        </p>
        <Form action="">
          <input type="hidden" name="token" value={token} />
          <div class="choices">
            <Button name="decision" value="yes">
              {texts.t('signOut.yes')}
            </Button>
            <Button name="decision" value="no">
              {texts.t('signOut.no')}
            </Button>
          </div>
        </Form>
      </Card>
    </MemberPage>,
  );
}

/** Says that the member is signed out. */
export function renderSignedOutPage({ texts, planName, environment, connectedApps }: SignOutPage): string {
  return renderMemberMessage(
    { texts, planName, environment, title: texts.t('signedOut.title') },
    texts.t('signedOut.text'),
    <a href={connectedApps}>{texts.t('signOut.stop')}</a>,
  );
}

/** Says that nothing has changed, after "no" to an app without an address to return to. */
export function renderStayedPage({ texts, planName, environment }: SignOutPage): string {
  const title = texts.t('signOut.stayed');
  return renderMemberMessage({ texts, planName, environment, title }, texts.t('signOut.stayed.text'));
}
