import { planRules, plans } from '@payer/smart';
import { flowOf, snippetValues } from '../../snippets/snippet.js';
import { Snippets } from '../../snippets/snippets.js';
import type { Document } from './document.js';

export const snippetsDocument: Document = {
  slug: 'snippets',
  title: 'Code to copy',
  summary:
    'The first FHIR request with curl, openid-client, fhirclient, Authlib for Python, and HAPI for Java.',
  body: ({ addresses }) => (
    <>
      <p>
        Each program asks for a token in the sandbox and prints its first FHIR answer. The page of your app
        shows the same programs with the values of the app. Every program runs in our tests exactly as
        printed.
      </p>
      {plans.map((plan) => (
        <section key={plan} id={plan}>
          <h2>{planRules[plan].title}</h2>
          <Snippets flow={flowOf(plan)} values={snippetValues(plan, addresses.sandbox)} />
        </section>
      ))}
    </>
  ),
};
