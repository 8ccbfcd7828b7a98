/** The difference between two URIs: the common start, the common end, and the parts between. */
export function differenceOf(sent: string, registered: string) {
  const most = Math.min(sent.length, registered.length);
  let start = 0;
  while (start < most && sent[start] === registered[start]) start += 1;
  let end = 0;
  while (end < most - start && sent.at(-1 - end) === registered.at(-1 - end)) end += 1;
  const cut = (uri: string) => ({
    before: uri.slice(0, start),
    differs: uri.slice(start, uri.length - end),
    after: uri.slice(uri.length - end),
  });
  return { sent: cut(sent), registered: cut(registered) };
}

/** The registered URI that is most similar to the sent one. Undefined when no URI is registered. */
export function nearestUri(sent: string, registered: readonly string[]): string | undefined {
  const cost = (uri: string) => {
    const difference = differenceOf(sent, uri);
    return difference.sent.differs.length + difference.registered.differs.length;
  };
  return [...registered].sort((one, other) => cost(one) - cost(other))[0];
}

function Marked({ before, differs, after }: { before: string; differs: string; after: string }) {
  return (
    <code class="uri">
      {before}
      {differs && <mark>{differs}</mark>}
      {after}
    </code>
  );
}

/** A sent redirect URI beside the most similar registered one, with the difference marked. */
export function UriDifference({ sent, registered }: { sent: string; registered: string | undefined }) {
  if (registered === undefined)
    return (
      <dl>
        <dt>Sent</dt>
        <dd>
          <code class="uri">{sent}</code>
        </dd>
        <dt>Registered</dt>
        <dd>none</dd>
      </dl>
    );
  const difference = differenceOf(sent, registered);
  return (
    <dl>
      <dt>Sent</dt>
      <dd>
        <Marked {...difference.sent} />
      </dd>
      <dt>Registered</dt>
      <dd>
        <Marked {...difference.registered} />
      </dd>
    </dl>
  );
}
