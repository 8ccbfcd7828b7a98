// Reads rendered manifests (a JSON array) from standard input. Parses the configuration of each service with
// the values that its pods would get: every value of the ConfigMap, and an invented value for each secret. A
// missing secret, a misspelt variable or a bad value ends the program with the message of the service. Needs
// compiled services (npm run build).
import { readFileSync } from 'node:fs';

const manifests = JSON.parse(readFileSync(0, 'utf8'));
const maps = new Map(
  manifests.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata, data }) => [metadata.name, data]),
);
const deployments = manifests.filter(({ kind }) => kind === 'Deployment');
if (deployments.length !== 5) throw new Error(`${deployments.length} Deployments instead of 5`);

/** Secrets with a form that the services check. */
const shaped = {
  SMTP_URL: 'smtps://payer:a-made-up-password@mail.example.org',
  PLATFORM_PROVIDER: JSON.stringify({
    ...{ name: 'Staff sign-in', issuer: 'https://staff.example.org', client_id: 'payer' },
    roles: { reviewers: 'reviewer' },
  }),
  MEMBER_PROVIDERS: JSON.stringify([
    {
      ...{ id: 'plan', environment: 'production', name: 'Plan', issuer: 'https://id.example.org' },
      ...{ client_id: 'payer', client_secret: 'a-made-up-client-secret' },
    },
  ]),
};

const madeUp = (variable) =>
  variable.endsWith('DATABASE_URL')
    ? 'postgres://service:a-made-up-password@db.example.org/service'
    : (shaped[variable] ?? `made-up-secret-for-${variable}`);

const knownToAny = new Set();
for (const { metadata, spec } of deployments) {
  const { name, labels } = metadata;
  const service = labels['app.kubernetes.io/name'];
  const config = await import(`../../apps/${service}/dist/config.js`);
  const { readConfig } = config;
  const [container] = spec.template.spec.containers;
  const given = Object.assign(
    {},
    ...container.envFrom.map(({ configMapRef }) => maps.get(configMapRef.name)),
  );
  for (const { name: variable, value } of container.env) given[variable] = value ?? madeUp(variable);
  process.env = { NODE_ENV: 'production', ...given };
  const known = readConfig();
  const own = container.env
    .map((variable) => variable.name)
    .filter((variable) => variable !== 'NODE_OPTIONS');
  const misspelt = own.filter((variable) => !(variable in known));
  if (misspelt.length > 0) throw new Error(`${name} knows no variable ${misspelt.join(', ')}`);
  if (known.SHUTDOWN_DRAIN_MS === 0) throw new Error(`${name} ends before the cluster stops sending to it`);
  for (const variable of Object.keys(known)) knownToAny.add(variable);
  console.log(`${name}: ${Object.keys(given).length} variables, as the service wants them`);
}

const unknown = Object.keys(maps.get('platform')).filter(
  (variable) => !knownToAny.has(variable) && !variable.startsWith('OTEL_'),
);
if (unknown.length > 0) throw new Error(`no service knows the variable ${unknown.join(', ')}`);
