/*
 * Bundles as Synthea's FHIR R4 exporter writes them: hospitals and practitioners in batches that create what
 * does not exist, and a transaction for each patient. Resources of the transaction reference each other by
 * `urn:uuid:`, and shared resources by identifier.
 */

const ownIdentifier = 'https://github.com/synthetichealth/synthea';
const npiSystem = 'http://hl7.org/fhir/sid/us-npi';

interface Shared {
  resourceType: 'Organization' | 'Practitioner' | 'Location';
  /** The UUID in `fullUrl` and `id`. */
  uuid: string;
  system: string;
  value: string;
}

/** A hospital, the location of the same name, and a practitioner. @param n tells several apart */
export const syntheaShared = (n: number): [Shared, Shared, Shared] => [
  { resourceType: 'Organization', uuid: uuid(n, 1), system: ownIdentifier, value: uuid(n, 1) },
  { resourceType: 'Location', uuid: uuid(n, 2), system: ownIdentifier, value: uuid(n, 2) },
  { resourceType: 'Practitioner', uuid: uuid(n, 3), system: npiSystem, value: `999999${n}` },
];

const uuid = (n: number, kind: number) =>
  `5cbc121b-cd71-4428-b8b7-${String(n).padStart(6, '0')}${String(kind).padStart(6, '0')}`;

/** How the transaction names a shared resource. */
export const byIdentifier = ({ resourceType, system, value }: Shared) => ({
  reference: `${resourceType}?identifier=${system}|${value}`,
});

/** `hospitalInformation….json` or `practitionerInformation….json`. */
export const syntheaInformation = (resources: readonly Shared[]) =>
  JSON.stringify(
    {
      resourceType: 'Bundle',
      type: 'batch',
      entry: resources.map(({ resourceType, uuid: id, system, value }) => ({
        fullUrl: `urn:uuid:${id}`,
        resource: {
          resourceType,
          id,
          identifier: [{ system, value }],
          ...(resourceType === 'Practitioner'
            ? { active: true, name: [{ family: 'Kuhn96', given: ['Ann'] }] }
            : { name: 'HOLYOKE HOSPITAL' }),
        },
        request: {
          method: 'POST',
          url: resourceType,
          ifNoneExist: `identifier=${system}|${value}`,
        },
      })),
    },
    null,
    2,
  );

/** A patient's transaction. @param n tells patients apart @param hospital number of its shared resources */
export function syntheaPatient(n: number, hospital: number): { id: string; text: string } {
  const [organization, location, practitioner] = syntheaShared(hospital);
  const own = (kind: number) => uuid(1000 + n, kind);
  const urn = (kind: number) => ({ reference: `urn:uuid:${own(kind)}` });
  const resources = [
    {
      resourceType: 'Patient',
      id: own(0),
      identifier: [{ system: ownIdentifier, value: own(0) }],
      name: [{ use: 'official', family: 'Abbott774', given: ['Tabetha'] }],
      gender: 'female',
      birthDate: '1971-04-25',
    },
    {
      resourceType: 'Encounter',
      id: own(1),
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject: urn(0),
      participant: [{ individual: { ...byIdentifier(practitioner), display: 'Dr. Ann Kuhn96' } }],
      location: [{ location: byIdentifier(location) }],
      serviceProvider: byIdentifier(organization),
    },
    {
      resourceType: 'Claim',
      id: own(2),
      patient: urn(0),
      provider: byIdentifier(organization),
    },
    {
      resourceType: 'ExplanationOfBenefit',
      id: own(3),
      contained: [
        {
          resourceType: 'ServiceRequest',
          id: 'referral',
          status: 'completed',
          intent: 'order',
          subject: urn(0),
          requester: byIdentifier(practitioner),
        },
        {
          resourceType: 'Coverage',
          id: 'coverage',
          status: 'active',
          beneficiary: urn(0),
          payor: [{ display: 'Medicare' }],
        },
      ],
      status: 'active',
      type: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/claim-type', code: 'professional' }],
      },
      use: 'claim',
      patient: urn(0),
      created: '2021-04-25T03:04:05-04:00',
      insurer: { display: 'Medicare' },
      provider: byIdentifier(practitioner),
      referral: { reference: '#referral' },
      claim: urn(2),
      outcome: 'complete',
      insurance: [{ focal: true, coverage: { reference: '#coverage' } }],
    },
  ];
  const provenance = {
    resourceType: 'Provenance',
    id: own(4),
    target: resources.map((_, kind) => urn(kind)),
    recorded: '2021-04-25T03:04:05.123-04:00',
    agent: [
      { who: byIdentifier(practitioner), onBehalfOf: byIdentifier(organization) },
      { who: byIdentifier(practitioner), onBehalfOf: byIdentifier(organization) },
    ],
  };
  const text = JSON.stringify({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [...resources, provenance].map((resource) => ({
      fullUrl: `urn:uuid:${resource.id}`,
      resource,
      request: { method: 'POST', url: resource.resourceType },
    })),
  });
  return { id: own(0), text };
}
