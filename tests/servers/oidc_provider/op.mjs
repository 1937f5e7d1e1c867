// SPDX-License-Identifier: Apache-2.0
// OpenID provider for tests: node op.mjs PORT  ->  prints "ready <issuer>" when it listens.
// POST /test/rotate {"keep":true|false}  new keys become active; keep=false removes the old ones from the JWKS at once
// POST /test/jwks   {"mode":"ok"|"500"|"slow"|"empty"}   fault injection on /jwks
import { Provider } from 'oidc-provider';
import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';

const port = Number(process.argv[2] ?? 0);
let n = 0, fault = 'ok';
const make = (alg) => {
  const { privateKey } = alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `${alg}-${n}` };
};
const fresh = () => { n++; return ['RS256', 'PS256', 'ES256', 'EdDSA'].map(make); };
let keys = fresh();

const RS = 'urn:promtally:api';                       // becomes `aud`
const cc = (id, alg) => ({ client_id: id, client_secret: `${id}-secret`, grant_types: ['client_credentials'], redirect_uris: [], response_types: [], 'urn:alg': alg });
const conf = () => ({
  jwks: { keys },                                     // per algorithm the first key signs, all are published
  clients: [cc('a', 'RS256'), cc('a-ps', 'PS256'), cc('a-es', 'ES256'), cc('a-ed', 'EdDSA'), cc('b', 'RS256')],
  extraClientMetadata: { properties: ['urn:alg'] },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
  scopes: ['metrics:read', 'metrics:write'],
  ttl: { ClientCredentials: (ctx) => Number(ctx.oidc.body?.ttl ?? 300) },
  extraTokenClaims: (ctx, token) => ({ realm_access: { roles: token.clientId === 'b' ? [] : ['metrics-writer'] } }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true }, introspection: { enabled: true }, revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RS,                      // without it and without `resource=` the token is opaque
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource, client) => ({
        scope: 'metrics:read metrics:write', audience: resource, accessTokenFormat: 'jwt',
        jwt: { sign: { alg: client['urn:alg'] } } }),
    },
  },
});
let handler;
const body = (req) => new Promise((ok) => { let s = ''; req.on('data', (d) => { s += d; }).on('end', () => ok(s ? JSON.parse(s) : {})); });
const server = http.createServer(async (req, res) => {
  if (req.method === 'POST' && req.url === '/test/rotate') {
    const old = keys; keys = fresh();
    if ((await body(req)).keep ?? true) keys = [...keys, ...old];
    handler = new Provider(issuer, conf()).callback();  // issued tokens stay valid: the in-memory store is per process
    return res.end(JSON.stringify(keys.map((k) => k.kid)));
  }
  if (req.method === 'POST' && req.url === '/test/jwks') { fault = (await body(req)).mode; return res.end(fault); }
  if (req.url === '/jwks' && fault === '500') { res.statusCode = 500; return res.end('no'); }
  if (req.url === '/jwks' && fault === 'empty') return res.end('{"keys":[]}');
  if (req.url === '/jwks' && fault === 'slow') await new Promise((ok) => { setTimeout(ok, 30_000); });
  return handler(req, res);
});
let issuer;
server.listen(port, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  handler = new Provider(issuer, conf()).callback();
  console.log(`ready ${issuer}`);
});
process.on('SIGTERM', () => process.exit(0));
