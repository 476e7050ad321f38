// A real OpenID provider (npm oidc-provider) on 127.0.0.1, set up as the Digital Authentication App describes
// itself: ES256, private_key_jwt, PKCE, pairwise subjects, one scope per claim.
//
// Reads one JSON document from the first line of stdin: {port, keys, clients, accounts, claimsInIdToken}. Prints the issuer
// on one line once it listens, and ends when stdin does, so that it cannot outlive the tests.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

const lines = createInterface({ input: process.stdin });
lines.once('close', () => process.exit(0));
const settings = JSON.parse(await new Promise((resolve) => { lines.once('line', resolve); }));

const server = createServer();
await new Promise((resolve, reject) => {
  server.once('error', reject);
  server.listen(settings.port, '127.0.0.1', resolve);
});
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  jwks: { keys: settings.keys },
  clients: settings.clients,
  clientDefaults: { id_token_signed_response_alg: 'ES256', subject_type: 'pairwise' },
  subjectTypes: ['pairwise'],
  pairwiseIdentifier: (ctx, accountId, client) => createHash('sha256').update(`${client.sectorIdentifier} ${accountId}`).digest('base64url'),
  scopes: ['openid'],
  claims: {
    openid: ['sub'], name: ['name'], birthdate: ['birthdate'], gender: ['gender'], address: ['address'],
  },
  conformIdTokenClaims: !settings.claimsInIdToken,
  clientAuthMethods: ['private_key_jwt'],
  enabledJWA: {
    clientAuthSigningAlgValues: ['ES256'],
    idTokenSigningAlgValues: ['ES256'],
    userinfoSigningAlgValues: ['ES256'],
  },
  features: { devInteractions: { enabled: true }, jwtUserinfo: { enabled: true }, userinfo: { enabled: true } },
  pkce: { required: () => true },
  cookies: { keys: ['for tests'] },
  findAccount: (ctx, id) => (id in settings.accounts ? {
    accountId: id,
    claims: () => ({ sub: id, ...settings.accounts[id] }),
  } : undefined),
});
server.on('request', provider.callback());
process.stdout.write(`${issuer}\n`);
