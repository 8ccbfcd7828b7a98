import type { Pool } from 'pg';

/** A request that stands for its kind. */
export interface SampleRequest {
  title: string;
  plan: 'patient-access' | 'provider-directory';
  /** Below the base: a search `Type?parameters`, or a read `Type/id`. */
  request: string;
  /** The second page is explained, not the first. */
  isSecondPage?: boolean;
}

const loinc = 'http%3A%2F%2Floinc.org%7C29463-7';

/** Requests with values from the database: the member with most resources, and entries of the directory. */
export async function sampleRequestsOn(pool: Pool): Promise<{ patient: string; requests: SampleRequest[] }> {
  const one = async (sql: string, values: unknown[] = []): Promise<string> => {
    const { rows } = await pool.query<{ value: string | null }>(sql, values);
    const value = rows[0]?.value;
    if (!value) throw new Error('The database holds no synthetic data: load some first.');
    return value;
  };
  const patient = await one(
    'SELECT patient AS value FROM member_resource GROUP BY patient ORDER BY count(*) DESC, patient LIMIT 1',
  );
  const of = (type: string, path: string) =>
    one(
      `SELECT body::jsonb #>> '{${path}}' AS value FROM shared_resource
       WHERE type = $1 AND body::jsonb #>> '{${path}}' IS NOT NULL ORDER BY id LIMIT 1`,
      [type],
    );
  const specialty = encodeURIComponent(
    `http://nucc.org/provider-taxonomy|${await of('PractitionerRole', 'specialty,0,coding,0,code')}`,
  );
  const family = encodeURIComponent(await of('Practitioner', 'name,0,family'));
  const npi = encodeURIComponent(await of('Practitioner', 'identifier,0,value'));
  const city = encodeURIComponent(await of('Location', 'address,city'));
  const position = `${await of('Location', 'position,latitude')}%7C${await of('Location', 'position,longitude')}`;
  const organization = await one(
    `SELECT substr(target, 14) AS value FROM member_reference WHERE patient = $1 AND target LIKE 'Organization/%' ORDER BY target LIMIT 1`,
    [patient],
  );
  const name = encodeURIComponent(
    await one(
      `SELECT body::jsonb #>> '{name,0,family}' AS value FROM member_resource WHERE patient = $1 AND type = 'Patient'`,
      [patient],
    ),
  );
  const ofMember = (title: string, request: string, rest: Partial<SampleRequest> = {}): SampleRequest => ({
    title,
    plan: 'patient-access',
    request,
    ...rest,
  });
  const ofDirectory = (title: string, request: string, rest: Partial<SampleRequest> = {}): SampleRequest => ({
    title,
    plan: 'provider-directory',
    request,
    ...rest,
  });
  return {
    patient,
    requests: [
      ofMember('Read', `Patient/${patient}`),
      ofMember('Read of what the member’s records point to', `Organization/${organization}`),
      ofMember('Reference', `Observation?patient=${patient}`),
      ofMember(
        'Reference, token and date',
        `Observation?patient=${patient}&category=laboratory&date=ge2025-01-01`,
      ),
      ofMember(
        'Date, a page of twenty',
        `ExplanationOfBenefit?patient=${patient}&service-date=ge2025-01-01&_count=20`,
      ),
      ofMember(
        'Alternatives, and a negation',
        'Condition?clinical-status=active,recurrence&category:not=encounter-diagnosis',
      ),
      ofMember('Text of a token', 'Condition?code:text=hyper'),
      ofMember('String', `Patient?name=${name}`),
      ofMember('Quantity', 'Observation?value-quantity=gt50%7Chttp%3A%2F%2Funitsofmeasure.org%7Ckg'),
      ofMember('Composite', `Observation?code-value-quantity=${loinc}%24gt50`),
      ofMember('Sorted, first page', 'Observation?_sort=-date&_count=10'),
      ofMember('Sorted, second page', 'Observation?_sort=-date&_count=10', { isSecondPage: true }),
      ofMember('Count', 'Observation?category=laboratory&_summary=count'),
      ofMember('Chain', 'Observation?encounter.status=finished&_count=20'),
      ofMember('Reverse chain', `Patient?_has:Observation:patient:code=${loinc}`),
      ofMember(
        '_include',
        'ExplanationOfBenefit?_count=20&_include=ExplanationOfBenefit:provider&_include=ExplanationOfBenefit:coverage',
      ),
      ofMember('_revinclude', 'Condition?_revinclude=Provenance:target'),
      ofMember('All that the member’s records point to', 'Practitioner'),
      ofDirectory('Token', `PractitionerRole?specialty=${specialty}`),
      ofDirectory('Token that few have', `Practitioner?identifier=${npi}`),
      ofDirectory('Token that most have', 'PractitionerRole?active=true&_count=20'),
      ofDirectory('Text of a token', 'PractitionerRole?specialty:text=cardio'),
      ofDirectory(
        'Token with _include',
        `PractitionerRole?specialty=${specialty}&_include=PractitionerRole:practitioner`,
      ),
      ofDirectory('String', `Practitioner?family=${family}`),
      ofDirectory('String of an address', `Location?address-city=${city}`),
      ofDirectory('Place', `Location?near=${position}%7C10%7Ckm`),
      ofDirectory('Chain', `PractitionerRole?practitioner.family=${family}`),
      ofDirectory(
        'Chain to a reference',
        `PractitionerRole?organization.partof=Organization/${organization}`,
      ),
      ofDirectory('Reverse chain', `Practitioner?_has:PractitionerRole:practitioner:specialty=${specialty}`),
      ofDirectory(
        '_revinclude',
        `Organization?_id=${organization}&_revinclude=PractitionerRole:organization`,
      ),
      ofDirectory('Changed since', 'Organization?_lastUpdated=ge2020-01-01&_count=20'),
      ofDirectory('Everything of a type, page by page', 'Practitioner?_count=20', { isSecondPage: true }),
    ],
  };
}
