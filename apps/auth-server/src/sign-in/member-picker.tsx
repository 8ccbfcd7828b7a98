import { Button, Card, Form, type Texts } from '@payer/ui';
import type { TestMember } from '../members/members.js';

/** The synthetic members of the sandbox, each with a button and the cases that its data exercises. */
export function MemberPicker(props: { texts: Texts; members: readonly TestMember[]; action: string }) {
  const { texts, members, action } = props;
  if (members.length === 0) return null;
  return (
    <Card title={texts.t('signIn.testMembers')}>
      <p>{texts.t('signIn.testMembers.text')}</p>
      <Form action={action}>
        <ul class="picker">
          {members.map(({ username, name, exercises }, index) => (
            <li key={username}>
              <Button
                variant="secondary"
                name="test_member"
                value={username}
                describedBy={exercises.length > 0 ? `exercises-${index}` : undefined}
              >
                {name}
              </Button>
              {exercises.length > 0 && (
                // The words come with the data of the sandbox, in the language of its developers.
                <p id={`exercises-${index}`} class="muted small" lang="en">
                  {exercises.join(' · ')}
                </p>
              )}
            </li>
          ))}
        </ul>
      </Form>
    </Card>
  );
}
