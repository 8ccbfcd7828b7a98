import {
  AppHeading,
  Button,
  Card,
  MemberPage,
  Notice,
  renderPage,
  type TextKey,
  type Texts,
} from '@payer/ui';

const app = 'Sunrise Health Companion';
const kinds: readonly TextKey[] = ['kind.claims', 'kind.medicines', 'kind.tests'];

/** A page as a member sees it, with the texts of the consent page and an invented app. */
export function renderBrandPreview(texts: Texts, planName: string): string {
  const title = texts.t('consent.title', { app });
  return renderPage(
    <MemberPage texts={texts} title={title} planName={planName}>
      <h1>{title}</h1>
      <Card>
        <AppHeading texts={texts} name={app} organization="Sunrise Inc">
          <div class="muted small">{texts.t('app.with-approval', { plan: planName })}</div>
        </AppHeading>
        <p>
          <a href="/platform/brand">{texts.t('learn.link')}</a>
        </p>
      </Card>
      <Card title={texts.t('consent.canSee')}>
        <ul class="kinds">
          {kinds.map((kind) => (
            <li key={kind}>
              <details>
                <summary>{texts.t(kind)}</summary>
              </details>
            </li>
          ))}
        </ul>
      </Card>
      <Notice title={texts.t('consent.risk')}>
        <p>{texts.t('attested.yes', { plan: planName })}</p>
      </Notice>
      <div class="choices">
        <Button variant="secondary">{texts.t('consent.button.no')}</Button>
        <Button>{texts.t('consent.button.yes')}</Button>
      </div>
    </MemberPage>,
  );
}
