import { errorPage, type Environment } from '@payer/smart';
import { ErrorPage, renderPage } from '@payer/ui';

/** What a member sees when an app's request cannot be accepted and must not be sent back, and what its developer needs to know. */
export function renderRefusedPage(props: {
  planName: string;
  environment: Environment;
  portal: string;
  error: string;
  reason: string;
  redirectUri?: string;
  clientId?: string;
}): string {
  const { redirectUri, clientId } = props;
  return renderPage(
    <ErrorPage
      title="This app could not be connected"
      area="member"
      planName={props.planName}
      environment={props.environment}
      whatHappened="The app sent a request that we cannot accept. Nothing was shared with it."
      whatToDo="Go back to the app and try again. If it happens again, tell the people who make the app."
      details={[
        {
          term: 'Error',
          value: <a href={errorPage(props.portal, props.error)}>{props.error}</a>,
        },
        { term: 'Reason', value: props.reason, inWords: true },
        ...(redirectUri ? [{ term: 'redirect_uri sent', value: redirectUri }] : []),
        ...(clientId ? [{ term: 'client_id sent', value: clientId }] : []),
        {
          term: 'Where to look',
          value: (
            <>
              The{' '}
              <a
                href={clientId ? `${props.portal}/apps/${encodeURIComponent(clientId)}` : `${props.portal}/`}
              >
                developer portal
              </a>{' '}
              lists your app's redirect URIs and its failed attempts
            </>
          ),
          inWords: true,
        },
      ]}
    />,
  );
}
