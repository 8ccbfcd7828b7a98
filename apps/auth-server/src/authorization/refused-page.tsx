import { errorPage, type Environment } from '@payer/smart';
import { renderMemberRefusal, type Texts } from '@payer/ui';

/**
 * The page for a request that cannot be accepted and must not return to the app. It has plain words for the
 * member, and the details that the app's developer needs.
 */
export function renderRefusedPage(props: {
  texts: Texts;
  planName: string;
  environment: Environment;
  portal: string;
  error: string;
  reason: string;
  redirectUri?: string;
  clientId?: string;
}): string {
  const { redirectUri, clientId } = props;
  const { texts, planName, environment } = props;
  return renderMemberRefusal(
    { texts, planName, environment, title: texts.t('error.refused') },
    [texts.t('error.refused.text'), texts.t('error.refused.next')],
    [
      {
        term: 'Error',
        value: (
          <code>
            <a href={errorPage(props.portal, props.error)}>{props.error}</a>
          </code>
        ),
      },
      { term: texts.t('error.reason'), value: props.reason },
      ...(redirectUri ? [{ term: 'redirect_uri sent', value: <code>{redirectUri}</code> }] : []),
      ...(clientId ? [{ term: 'client_id sent', value: <code>{clientId}</code> }] : []),
      {
        term: 'Where to look',
        value: (
          <>
            The{' '}
            <a href={clientId ? `${props.portal}/apps/${encodeURIComponent(clientId)}` : `${props.portal}/`}>
              developer portal
            </a>{' '}
            lists your app's redirect URIs and its failed attempts
          </>
        ),
      },
    ],
  );
}
