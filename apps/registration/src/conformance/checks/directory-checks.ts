import { directoryTypes } from '@payer/smart';
import { guideRequirements } from '../standards/guide-requirements.data.js';
import { demand, demandStatus, type Check } from './check.js';
import { jsonOf, type Subject } from './subject.js';

interface Bundle {
  type?: string;
  entry?: { resource?: { resourceType?: string; id?: string } }[];
  link?: { relation: string; url: string }[];
}

/** A value of each type of search parameter. What it finds does not matter: it must be taken. */
const values: Record<string, string> = {
  token: 'x',
  string: 'x',
  reference: 'x',
  date: '2026-01-01',
  number: '1',
  quantity: '1',
  uri: 'urn:x',
  // Only `near` is special: a position and a distance.
  special: '0|0|1|km',
};

/** A searchset. An unknown parameter would be 400, because the request asks for strict handling. */
async function search(subject: Subject, token: string, path: string): Promise<Bundle> {
  const answer = await subject.fhir(path, token, { prefer: 'handling=strict' });
  demand(answer.status === 200, `${path}: the status is ${answer.status}.`);
  const bundle = jsonOf(answer) as Bundle;
  demand(bundle.type === 'searchset', `${path}: the answer is no searchset.`);
  return bundle;
}

/** The types of the search parameters that the CapabilityStatement names for a resource type. */
async function parametersOf(subject: Subject, type: string): Promise<Map<string, string>> {
  const { rest } = (await subject.metadata()) as {
    rest?: { resource?: { type: string; searchParam?: { name: string; type: string }[] }[] }[];
  };
  const statement = rest?.[0]?.resource?.find((one) => one.type === type);
  return new Map(statement?.searchParam?.map(({ name, type }) => [name, type]));
}

const demanded = (type: string, kind: 'parameter' | 'include' | 'revinclude') =>
  guideRequirements
    .filter((one) => one.guide === 'plan-net' && one.type === type && one.kind === kind)
    .flatMap(({ items }) => items);

/** Each search parameter and include that Plan-Net demands of a type. */
const searchOf = (type: string): Check => ({
  id: `search-${type}`,
  title: `${type} is searched by each parameter and include of Plan-Net: ${[
    ...demanded(type, 'parameter'),
    ...demanded(type, 'include').map((item) => `_include=${item}`),
    ...demanded(type, 'revinclude').map((item) => `_revinclude=${item}`),
  ].join(', ')}`,
  needsApp: true,
  async run(subject) {
    const token = await subject.directoryToken();
    const types = await parametersOf(subject, type);
    for (const name of demanded(type, 'parameter')) {
      const value = values[types.get(name) ?? ''];
      demand(value, `The CapabilityStatement does not name ${type}?${name}.`);
      const { link = [] } = await search(
        subject,
        token,
        `${type}?${name}=${encodeURIComponent(value)}&_count=1`,
      );
      const self = link.find(({ relation }) => relation === 'self')?.url ?? '';
      demand(new URL(self).searchParams.has(name), `${type}?${name}: the self link lacks the parameter.`);
    }
    for (const kind of ['include', 'revinclude'] as const)
      for (const item of demanded(type, kind))
        await search(subject, token, `${type}?_${kind}=${item}&_count=1`);
  },
});

/** The provider directory, with the demonstration app of its plan. */
export const directoryChecks: readonly Check[] = [
  {
    id: 'directory-read',
    title: 'A resource of the directory that a search found is read by its id, and found by _id',
    needsApp: true,
    async run(subject) {
      const token = await subject.directoryToken();
      const { entry = [] } = await search(subject, token, 'Practitioner?_count=1');
      const id = entry[0]?.resource?.id;
      demand(id, 'The directory has no Practitioner.');
      const answer = await subject.fhir(`Practitioner/${id}`, token);
      demandStatus(answer, 200);
      demand(
        answer.headers['content-type']?.startsWith('application/fhir+json'),
        `The content type is ${answer.headers['content-type']}.`,
      );
      const { resourceType, id: read } = jsonOf(answer);
      demand(resourceType === 'Practitioner' && read === id, 'The read gives another resource.');
      const found = await search(subject, token, `Practitioner?_id=${id}`);
      demand(found.entry?.length === 1 && found.entry[0]?.resource?.id === id, '_id does not find it.');
    },
  },
  {
    id: 'paging',
    title: 'A page of a search leads to the next page, which has other resources',
    needsApp: true,
    async run(subject) {
      const token = await subject.directoryToken();
      const first = await search(subject, token, 'Organization?_count=1');
      const next = first.link?.find(({ relation }) => relation === 'next')?.url;
      demand(next, 'The first page of one Organization has no next link.');
      const answer = await subject.get(next, {
        accept: 'application/fhir+json',
        authorization: `Bearer ${token}`,
      });
      demandStatus(answer, 200);
      const second = jsonOf(answer) as Bundle;
      const idOf = ({ entry = [] }: Bundle) => entry[0]?.resource?.id;
      demand(idOf(second) && idOf(second) !== idOf(first), 'The next page has the same resource.');
    },
  },
  ...directoryTypes.map(searchOf),
];
