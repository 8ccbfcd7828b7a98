import { Form, type Texts } from '@payer/ui';
import type { TestMember } from '../members/test-members.js';

/** Members with more than a number of claims show something that few others do. They come first. */
const isSpecial = ({ exercises: [first = '', ...more], status }: TestMember) =>
  more.length > 0 || !/^(\d|$)/.test(first) || status === 'cancelled' || status === 'deceased';

/** Age and coverage in words: "64 years old · covered". Empty for a person without own records. */
function statusInWords(texts: Texts, { age, status }: TestMember): string {
  if (status === 'deceased') return age === null ? '' : texts.count('signIn.testMembers.died', age);
  return [
    age === null ? '' : texts.count('signIn.testMembers.age', age),
    status === null ? '' : texts.t(`signIn.testMembers.status.${status}`),
  ]
    .filter(Boolean)
    .join(' · ');
}

/**
 * The synthetic members of the sandbox, each a card that signs in, with age, coverage and the cases that its
 * data exercises.
 */
export function MemberPicker(props: { texts: Texts; members: readonly TestMember[]; action: string }) {
  const { texts, members, action } = props;
  const ordered = [...members].sort((one, other) => Number(isSpecial(other)) - Number(isSpecial(one)));
  return (
    <section aria-labelledby="test-members">
      <h2 id="test-members">{texts.t('signIn.testMembers')}</h2>
      <p>{texts.t('signIn.testMembers.text')}</p>
      <Form action={action}>
        <ul class="picker">
          {ordered.map((member, index) => (
            <MemberCard key={member.username} texts={texts} member={member} index={index} />
          ))}
        </ul>
      </Form>
    </section>
  );
}

function MemberCard({ texts, member, index }: { texts: Texts; member: TestMember; index: number }) {
  const { username, name, exercises } = member;
  const status = statusInWords(texts, member);
  const described = [status && `status-${index}`, exercises.length > 0 && `exercises-${index}`];
  return (
    <li>
      <div class="who">
        <button
          class="button link"
          name="test_member"
          value={username}
          aria-describedby={described.filter(Boolean).join(' ') || undefined}
        >
          {name}
        </button>
        {status && (
          <span id={`status-${index}`} class="small">
            {status}
          </span>
        )}
      </div>
      {exercises.length > 0 && (
        // The words come with the data of the sandbox, in the language of its developers.
        <p id={`exercises-${index}`} class="muted small" lang="en">
          {exercises.join(' · ')}
        </p>
      )}
    </li>
  );
}
