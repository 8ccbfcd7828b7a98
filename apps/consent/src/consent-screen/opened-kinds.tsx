import {
  dataKindsOf,
  isKindWithinType,
  memberPlanOfScope,
  type ConsentRequest,
  type DataKind,
  type MemberResourceType,
  type OpenedKind,
} from '@payer/smart';
import type { TextKey, Texts } from '@payer/ui';
import { countInWords, type CountOfType } from '../record-counts/record-counts.js';

/**
 * The kinds of data that the app of a consent request will see.
 * @throws Error when the request matches no plan, or when the plan opens a type without a text
 */
export function openedKindsOf({ plan, scope }: Pick<ConsentRequest, 'plan' | 'scope'>): OpenedKind[] {
  return dataKindsOf(plan ?? memberPlanOfScope(scope));
}

/** The text about the content of a kind of data. */
const contentsOf = (kind: DataKind, type: MemberResourceType): TextKey =>
  isKindWithinType(kind) ? `kind.${kind}.contents` : `type.${type}`;

/**
 * The kinds of data in plain words, with the number of the member's records. Each kind unfolds to its
 * contents.
 */
export function OpenedKinds(props: { texts: Texts; kinds: readonly OpenedKind[]; counts: CountOfType }) {
  const { texts, kinds, counts } = props;
  return (
    <ul class="kinds">
      {kinds.map((opened) => {
        const count = countInWords(texts, opened, counts);
        return (
          <li key={opened.kind}>
            <details>
              <summary>
                {texts.t(`kind.${opened.kind}`)}
                {count && <span class="count"> {count}</span>}
              </summary>
              <ul>
                {opened.types.map((type) => (
                  <li key={type}>{texts.t(contentsOf(opened.kind, type))}</li>
                ))}
              </ul>
            </details>
          </li>
        );
      })}
    </ul>
  );
}
