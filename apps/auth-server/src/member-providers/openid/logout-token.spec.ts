import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, it } from 'vitest';
import { verifyLogoutToken } from './logout-token.js';

it('a logout token of a key that the provider has just begun to use is accepted', async () => {
  const issuer = 'https://plan.example';
  const pairs = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
  const published: object[] = [];
  const server = createServer((_request, response) => response.end(JSON.stringify({ keys: published })));
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const jwksUri = `http://localhost:${(server.address() as AddressInfo).port}/jwks`;
  try {
    for (const [index, { publicKey, privateKey }] of pairs.entries()) {
      const kid = `key-${index}`;
      published.push({ ...(await exportJWK(publicKey)), kid, alg: 'RS256' });
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
      const token = await new SignJWT({ events, sub: kid, jti: randomUUID() })
        .setProtectedHeader({ alg: 'RS256', kid })
        .setIssuer(issuer)
        .setAudience('payer')
        .setIssuedAt()
        .sign(privateKey);
      const logout = await verifyLogoutToken(token, { issuer, clientId: 'payer', jwksUri });
      expect(logout.subject).toBe(kid);
      await sleep(1100);
    }
  } finally {
    server.close();
  }
});
