import type { ComponentChildren } from 'preact';
import { safeUrl } from '../render.js';
import type { Texts } from '../texts/texts.js';

/** An app as a member recognizes it: its logo or its initial, its name, and its organization. */
export function AppHeading(props: {
  texts: Texts;
  name: string;
  organization?: string | null;
  /** Address of the logo on our own origin; absent when the logo could not be loaded. */
  logo?: string;
  /** The app's home page. */
  href?: string | null;
  children?: ComponentChildren;
}) {
  const { texts, name, organization, logo, children } = props;
  const href = safeUrl(props.href, 'link');
  const named = <bdi>{name}</bdi>;
  return (
    <div class="app">
      {logo ? (
        <img class="app-logo" src={logo} alt="" width="48" height="48" />
      ) : (
        <span class="app-logo" aria-hidden="true">
          {[...name][0]?.toUpperCase() ?? '?'}
        </span>
      )}
      <div>
        <div class="app-name">
          {href ? (
            <a href={href} rel="noopener noreferrer">
              {named}
            </a>
          ) : (
            named
          )}
        </div>
        {organization && (
          <div class="muted">{texts.rich('app.by', { organization: <bdi>{organization}</bdi> })}</div>
        )}
        {children}
      </div>
    </div>
  );
}
