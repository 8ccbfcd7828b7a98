import { dataKindsOf, memberPlanOfScope, type ConsentRequest, type OpenedKind } from '@payer/smart';
import type { Texts } from '@payer/ui';

/**
 * The kinds of data that the app of a consent request will see.
 * @throws Error when the request matches no plan, or when the plan opens a type without a text
 */
export function openedKindsOf({ plan, scope }: Pick<ConsentRequest, 'plan' | 'scope'>): OpenedKind[] {
  return dataKindsOf(plan ?? memberPlanOfScope(scope));
}

/** The kinds of data in plain words. Each kind unfolds to its contents. */
export function OpenedKinds({ texts, kinds }: { texts: Texts; kinds: readonly OpenedKind[] }) {
  return (
    <ul class="kinds">
      {kinds.map(({ kind, types }) => (
        <li key={kind}>
          <details>
            <summary>{texts.t(`kind.${kind}`)}</summary>
            <ul>
              {types.map((type) => (
                <li key={type}>{texts.t(`type.${type}`)}</li>
              ))}
            </ul>
          </details>
        </li>
      ))}
    </ul>
  );
}
