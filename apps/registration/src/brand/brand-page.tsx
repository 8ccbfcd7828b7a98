import type { PlanBrand } from '@payer/service';
import { contrastsOf, leastContrast } from '@payer/smart';
import { Card, DefinitionList, languages, languageTags, Table } from '@payer/ui';
import { PortalPage, type SignedInShell } from '../http/portal-page.js';

/** The plan's brand as configured, its contrasts, and links to the previews. */
export function BrandPage({ brand, ...shell }: SignedInShell & { brand: PlanBrand }) {
  const { planName, logo, colors, contact, links } = brand;
  const unset = <span class="muted">not set</span>;
  return (
    <PortalPage title="Brand" current="/platform/brand" {...shell}>
      <h1>Brand</h1>
      <p class="lead">
        All pages of members and developers show this. It is configuration: change the variables of
        auth-server, consent and registration, and start them again.
      </p>
      <Card title="Configured">
        <DefinitionList
          items={[
            { term: 'PLAN_NAME', value: planName },
            {
              term: 'PLAN_LOGO',
              value: logo ? <img class="brand-logo" src={logo} alt="The plan’s logo" /> : unset,
            },
            { term: 'PLAN_COLOR', value: colors ? <code>{colors.light.accent}</code> : unset },
            { term: 'PLAN_COLOR_DARK', value: colors ? <code>{colors.dark.accent}</code> : unset },
            { term: 'PLAN_CONTACT', value: contact ?? unset },
            { term: 'PLAN_WEBSITE_URL', value: links.website ?? unset },
            { term: 'PLAN_HELP_URL', value: links.help ?? unset },
            { term: 'PLAN_PRIVACY_URL', value: links.privacy ?? unset },
          ]}
        />
      </Card>
      {colors && (
        <Card title="Contrast">
          <p>Text needs {leastContrast}:1 (WCAG 2.2, level AA). A colour with less stops the start.</p>
          <Table
            head={['Pages', 'Place', 'Contrast']}
            rows={(['light', 'dark'] as const).flatMap((scheme) =>
              contrastsOf(scheme, colors[scheme].accent).map(({ where, contrast }) => [
                scheme,
                where,
                `${contrast.toFixed(1)}:1`,
              ]),
            )}
          />
        </Card>
      )}
      <Card title="Preview">
        <p>A member’s page with invented data. Its buttons do nothing.</p>
        <ul>
          {languageTags.map((tag) => (
            <li key={tag}>
              <a href={`/platform/brand/preview?lang=${tag}`} lang={tag}>
                {languages[tag]['language.name']}
              </a>
            </li>
          ))}
        </ul>
      </Card>
    </PortalPage>
  );
}
