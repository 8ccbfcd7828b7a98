import { CodeBlock } from '@payer/ui';
import { curl } from './curl.js';
import { fhirclient } from './fhirclient.js';
import { java } from './java.js';
import { openidClient } from './openid-client.js';
import { python } from './python.js';
import type { Snippet, SnippetFlow, SnippetValues } from './snippet.js';

const snippets: readonly Snippet[] = [curl, openidClient, fhirclient, python, java];

/** The libraries that have a flow. */
const snippetsOf = (flow: SnippetFlow): Snippet[] => snippets.filter((one) => one[flow] !== undefined);

/**
 * A program for each library, to copy. CI runs each of them as printed
 * (`tools/third-party/src/snippets.spec.ts`).
 */
export function Snippets({ flow, values }: { flow: SnippetFlow; values: SnippetValues }) {
  return (
    <>
      {snippetsOf(flow).map((snippet, index) => (
        <details class="step" key={snippet.id} open={index === 0}>
          <summary>{snippet.title}</summary>
          {snippet.note && <p>{snippet.note}</p>}
          <p>
            Save it as <code>{snippet.fileName}</code>. It reads {variablesOf(flow, values)}.
          </p>
          <div data-snippet={`${flow}-${snippet.id}`} data-file={snippet.fileName}>
            <CodeBlock isTall>{snippet[flow]?.(values)}</CodeBlock>
          </div>
          <CodeBlock>{[snippet.install, snippet.run].filter(Boolean).join('\n')}</CodeBlock>
        </details>
      ))}
    </>
  );
}

function variablesOf(flow: SnippetFlow, { app }: SnippetValues) {
  const secret = <code>CLIENT_SECRET</code>;
  if (app) return <>the app’s secret from the environment variable {secret}</>;
  return (
    <>
      the environment variables <code>CLIENT_ID</code>,{flow === 'member' && [' ', <code>REDIRECT_URI</code>]}{' '}
      and {secret}
    </>
  );
}
