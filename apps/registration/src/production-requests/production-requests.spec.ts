import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataSource } from 'typeorm';
import { newApp, newDeveloper, startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';
import {
  approvedApp,
  completeRequest as complete,
  productionTab as tab,
  signInTeam,
  submittedRequest,
} from './testing/complete-request.js';
import { answersOfFields } from './answers-form.js';
import { answersSchema, missingAnswers, questions } from '../request-record/questions.js';

describe('a production request', () => {
  let portal: TestPortal;
  let url: string;
  let team: Visitor;
  let source: DataSource;
  beforeAll(async () => {
    portal = await startPortal();
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    ({ url } = portal.service);
    team = await signInTeam(new Visitor(url));
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
  });

  const mails = async (to: string) => (await team.get(`/api/mailbox?to=${encodeURIComponent(to)}`)).json;
  const submitted = () => submittedRequest(url, team);

  it('is a draft with a checklist until every needed question has an answer', async () => {
    const developer = await newDeveloper(url);
    const id = await newApp(developer);
    const first = await developer.get(tab(id));
    for (const { label } of questions) expect(textOf(first)).toContain(label);
    const saved = await developer.post(tab(id), { act: 'save', description: 'Shows costs.' });
    expect(saved.headers.get('location')).toContain('done=draft-saved');
    const draft = await developer.get(tab(id));
    expect(textOf(draft)).toContain('Still missing');
    expect(draft.text).toContain('Shows costs.');
    expect((await team.get('/')).text).not.toContain(id);
    expect((await team.get(tab(id))).text).not.toContain('Shows costs.');

    const refused = await developer.post(tab(id), { act: 'submit', description: 'Shows their costs.' });
    expect(refused.status).toBe(400);
    expect(textOf(refused)).toContain('Privacy policy must have an answer before you submit');
    // The typed answers are kept in the draft.
    expect((await developer.get(tab(id))).text).toContain('Shows their costs.');
  });

  it('refuses a URL without https, an address without @, and keeps the typed values', async () => {
    const developer = await newDeveloper(url);
    const id = await newApp(developer);
    const answer = await developer.post(tab(id), {
      act: 'save',
      privacy_policy_uri: 'http://client-app.example/privacy',
      contacts: 'nobody',
    });
    expect(answer.status).toBe(400);
    expect(textOf(answer)).toContain('Privacy policy must be an absolute https URL');
    expect(textOf(answer)).toContain('Contacts, line 1, must be an email address');
    expect(answer.text).toContain('http://client-app.example/privacy');
    const check = await developer.json('POST', '/api/app-metadata/check', { privacy_policy_uri: 'ftp://x' });
    expect(check.json.errors).toEqual([expect.objectContaining({ field: 'privacy_policy_uri' })]);
  });

  it('goes to the team and back, and a resubmission shows the changes', async () => {
    const { developer, id, request } = await submitted();
    expect((await mails('platform@example.org'))[0].subject).toBe('Production request: Health');
    expect((await developer.post(tab(id), { act: 'save', ...complete })).status).toBe(400);
    const page = textOf(await team.get(`/platform/requests/${request}`));
    for (const answer of ['Until the member disconnects.', 'https://client-app.example/redirect', 'Never'])
      expect(page).toContain(answer);

    expect((await team.post(`/platform/requests/${request}`, { decision: 'ask-back' })).status).toBe(400);
    const asked = await team.post(`/platform/requests/${request}`, {
      decision: 'ask-back',
      note: 'How long exactly?',
    });
    expect(asked.status).toBe(303);
    expect(textOf(await developer.get(tab(id)))).toContain('How long exactly?');
    await developer.post(`${tab(id)}/messages`, { text: 'Is a month fine?' });
    await team.post(`/platform/requests/${request}/messages`, { text: 'A month is fine.' });
    expect(textOf(await developer.get(tab(id)))).toContain('A month is fine.');
    await developer.post(tab(id), { act: 'submit', ...complete, data_retention: 'A month.' });
    const again = await team.get(`/platform/requests/${request}`);
    expect(again.text).toContain('<del>Until the member disconnects.</del>');
    expect(again.text).toContain('<ins>A month.</ins>');
    const approved = await team.post(`/platform/requests/${request}`, { decision: 'approve', note: 'Fine.' });
    expect(approved.status).toBe(303);
    const open = textOf(await developer.get(tab(id)));
    expect(open).toContain('Production is open');
    for (const act of [
      'submitted the request',
      'asked for changes',
      'submitted the request again',
      'approved',
    ])
      expect(open).toContain(act);
  });

  it('sends the developer a mail about each step of the team', async () => {
    const { id, developer, request } = await submitted();
    await developer.post(`/apps/${id}/settings`, { client_name: 'Mailed' });
    await team.post(`/platform/requests/${request}/messages`, { text: 'Hello.' });
    await team.post(`/platform/requests/${request}`, { decision: 'ask-back', note: 'More.' });
    await developer.post(tab(id), { act: 'submit', ...complete });
    await team.post(`/platform/requests/${request}`, { decision: 'approve' });
    const all = (await team.get('/api/mailbox')).json as { to: string; subject: string }[];
    const toDeveloper = all.filter(({ to, subject }) => /Mailed$/.test(subject) && /^pages-/.test(to));
    expect(toDeveloper.map(({ subject }) => subject)).toEqual([
      'Production is open: Mailed',
      'The platform team asks for changes: Mailed',
      'Message about Mailed',
    ]);
  });

  it('is rejected only for a risk of the list, and has one appeal', async () => {
    const { developer, id, request } = await submitted();
    const at = `/platform/requests/${request}`;
    for (const reason of ['', 'we do not like it'])
      expect((await team.post(at, { decision: 'reject', note: 'No.', reason })).status).toBe(400);
    const rejected = { decision: 'reject', note: 'The secret is in the app.', reason: 'exposed-credentials' };
    expect((await team.post(at, rejected)).status).toBe(303);
    expect(textOf(await developer.get(tab(id)))).toContain('Exposed credentials');
    await developer.post(`${tab(id)}/appeal`, { text: 'It is on our server.' });
    expect((await team.get('/')).text).toContain('Appeal');
    expect(textOf(await team.get(at))).toContain('It is on our server.');
    expect((await team.post(at, { ...rejected, reason: 'open-incident' })).status).toBe(303);
    const second = await developer.post(`${tab(id)}/appeal`, { text: 'Again.' });
    expect(second.status).toBe(400);
  });

  it('is not approved when the app changed after the reviewer opened the page', async () => {
    const { developer, id, request } = await submitted();
    const version = (await team.get(`/platform/requests/${request}`)).text.match(
      /name="app_version" value="(\d+)"/,
    );
    await developer.post(`/apps/${id}/settings`, { client_name: 'Wealth' });
    const approve = { decision: 'approve', app_version: String(version?.[1]) };
    const answer = await team.post(`/platform/requests/${request}`, approve);
    expect(answer.status).toBe(400);
    expect(textOf(answer)).toContain('The app has changed');
  });

  it('is withdrawn by the developer, whose answers are offered again', async () => {
    const { developer, id, request } = await submitted();
    expect((await developer.post(`${tab(id)}/withdraw`)).status).toBe(303);
    expect((await team.post(`/platform/requests/${request}`, { decision: 'approve' })).status).toBe(400);
    expect((await developer.get(tab(id))).text).toContain(complete.data_deletion);
  });

  it('floods no reviewer with mails, and can be withdrawn all the same', async () => {
    const { developer, id, request } = await submitted();
    const write = (n: number) => developer.post(`${tab(id)}/messages`, { text: `Message ${n}.` });
    const answers = await Promise.all(Array.from({ length: 105 }, (_, n) => write(n)));
    const refused = answers.filter(({ status }) => status !== 303);
    expect(refused).toHaveLength(6);
    expect(textOf(refused[0]!)).toContain('100 times a day');
    // A long conversation hides no answer of the team.
    await source.query(
      `INSERT INTO production_request_entry (request_id, actor_role, actor_name, actor, kind, text)
       SELECT $1, 'developer', 'Dev', 'somebody@client-app.example', 'message', 'x' FROM generate_series(1, 400)`,
      [request],
    );
    expect((await team.post(`/platform/requests/${request}/messages`, { text: 'Stop.' })).status).toBe(303);
    expect(textOf(await developer.get(tab(id)))).toContain('Stop.');
    expect((await developer.post(`${tab(id)}/withdraw`)).status).toBe(303);
  });

  it('carries the attestation on the event of the app, and the developer may give it later', async () => {
    const { developer, id, request } = await approvedApp(url, team);
    expect(textOf(await team.get(`/platform/requests/${request}`))).toContain('not given; members read that');
    const given = await developer.post(`${tab(id)}/attestation`, {
      attestation: 'true',
      attested_by: 'Ada, CEO',
    });
    expect(given.status).toBe(303);
    expect(textOf(await team.get(`/platform/requests/${request}`))).toContain('Attestation given');
  });

  it('makes its policy and terms those of the app', async () => {
    const { developer, id } = await submitted();
    expect((await developer.get(`/apps/${id}/settings`)).text).toContain(complete.privacy_policy_uri);
  });
});

describe('the questions', () => {
  it('have an answer in the schema each, and the form sends them all', () => {
    const names = questions.map(({ name }) => name);
    expect(Object.keys(answersSchema.shape)).toEqual(expect.arrayContaining(names));
    expect(Object.keys(answersOfFields({}))).toEqual([...names, 'attestation', 'attested_by']);
    expect(answersSchema.safeParse(answersOfFields(complete)).success).toBe(true);
  });

  it('count an empty list and white space as missing', () => {
    const answers = answersSchema.parse(answersOfFields({ ...complete, contacts: ' \n', data_use: '  ' }));
    expect(missingAnswers(answers).map(({ name }) => name)).toEqual(['contacts', 'data_use']);
  });
});
