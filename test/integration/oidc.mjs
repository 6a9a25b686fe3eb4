// SPDX-License-Identifier: Apache-2.0
//
// oidc.mjs FOLDER: an authorization server for the tests: oidc-provider on a free port of localhost, over https. Keys, tokens,
// client authentication and discovery are its own. It knows no token exchange: the grant below adds one, whose policy is test code.
// Below /_test/ the tests ask for what a browser or an administrator would do. FOLDER has server.pem, server.key and ca.pem; the
// program puts the services' decryption keys there, service.jwks and for another service other.jwks, and prints its URL when it is
// ready.
import crypto from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import * as jose from 'jose';
import { Provider, errors } from 'oidc-provider';
import { buildTokenResponse, checkDpopReplay, checkDpopRequired, checkMtlsCert, validateDpop }
  from 'oidc-provider/lib/helpers/grants.js';

const folder = process.argv[2];
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TYPE = 'urn:ietf:params:oauth:token-type:';
const SCOPES = 'orders:read orders:write billing:read';
const LIFETIME = 300;
let issuer, provider, generation = 0, keys = [];

// ---- keys: each generation has one of each algorithm ----

function newKeys() {
  generation += 1;
  return ['RS256', 'PS256', 'ES256'].map((alg) => {
    const pair = alg === 'ES256' ? crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
    return { ...pair.privateKey.export({ format: 'jwk' }), kid: `${alg.toLowerCase()}-${generation}`, alg, use: 'sig' };
  });
}

function publicKeys() {
  return { keys: keys.map(({ d, p, q, dp, dq, qi, ...rest }) => rest) };
}

// ---- keys to which tokens are encrypted: their private halves are for the tests ----

const encryptions = [ // alg, enc
  ['RSA-OAEP', 'A256CBC-HS512'], ['RSA-OAEP-256', 'A256GCM'], ['ECDH-ES', 'A128GCM'], ['ECDH-ES+A128KW', 'A128CBC-HS256'],
  ['ECDH-ES+A256KW', 'A256GCM'], ['A128KW', 'A128GCM'], ['A256KW', 'A256GCM'], ['A256GCMKW', 'A192CBC-HS384'], ['dir', 'A256GCM'],
];

function decryptionKey([alg, enc]) {
  const key = alg.startsWith('RSA') ? crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    : alg.startsWith('ECDH') ? crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
    : crypto.generateKeySync('aes', { length: alg === 'A128KW' ? 128 : 256 });
  // the `alg` of a key that is used directly is that of the content
  return { ...key.export({ format: 'jwk' }), kid: alg.toLowerCase(), alg: alg === 'dir' ? enc : alg, use: 'enc' };
}

function writeDecryptionKeys(name) {
  const keys = encryptions.map(decryptionKey);
  writeFileSync(`${folder}/${name}`, JSON.stringify({ keys }), { mode: 0o600 });
  return keys;
}

const decryptionKeys = writeDecryptionKeys('service.jwks');
writeDecryptionKeys('other.jwks');

function encryptTo(kid) {
  const found = encryptions.findIndex(([alg]) => alg.toLowerCase() === kid);
  if (found < 0) throw new errors.InvalidTarget();
  const [[alg, enc], jwk] = [encryptions[found], decryptionKeys[found]];
  const key = jwk.kty === 'oct' ? crypto.createSecretKey(jwk.k, 'base64url') : crypto.createPublicKey({ key: jwk, format: 'jwk' });
  return { alg, enc, kid, key };
}

// ---- resource servers: https://<algorithm>.test/ gets tokens signed with it, https://opaque.test/ opaque ones, and
// https://encrypted.test/<algorithm> encrypted ones, which at https://unsigned.test/<algorithm> nobody has signed ----

function resourceServer(id) {
  if (id === 'https://opaque.test/') return { audience: id, scope: SCOPES, accessTokenTTL: LIFETIME, accessTokenFormat: 'opaque' };
  const [, what, to] = /^https:\/\/(encrypted|unsigned)\.test\/(.+)$/.exec(id) ?? [];
  if (what) {
    const jwt = { ...(what === 'encrypted' && { sign: { alg: 'ES256' } }), encrypt: encryptTo(to) };
    return { audience: id, scope: SCOPES, accessTokenTTL: LIFETIME, accessTokenFormat: 'jwt', jwt };
  }
  const alg = /^https:\/\/(rs256|ps256|es256)\.test\/$/.exec(id)?.[1].toUpperCase();
  if (!alg) throw new errors.InvalidTarget();
  return { audience: id, scope: SCOPES, accessTokenTTL: LIFETIME, accessTokenFormat: 'jwt', jwt: { sign: { alg } } };
}

const client = (id, secret, method, grants = ['client_credentials', EXCHANGE]) => ({
  client_id: id, client_secret: secret, token_endpoint_auth_method: method, grant_types: grants, redirect_uris: [],
  response_types: [],
});
// who asks about opaque tokens: RFC 9701 has the client say how the answers are signed
const asking = (id, method, more) => ({
  ...client(id, undefined, method, []), introspection_signed_response_alg: 'ES256', ...more,
});
// RFC 7515 appendix A.3; the tests have the private half
const asking_key = { kty: 'EC', crv: 'P-256', kid: 'rs-key', alg: 'ES256', use: 'sig',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' };
const clients = [
  asking('rs-basic', 'client_secret_basic', { client_secret: 'rs-secret' }),
  asking('rs-post', 'client_secret_post', { client_secret: 'rs-secret' }),
  asking('rs-key', 'private_key_jwt', { client_secret: undefined, jwks: { keys: [asking_key] } }),
  { ...client('svc-key', undefined, 'private_key_jwt'), jwks: { keys: [asking_key] } },
  client('svc-basic', 'basic-secret', 'client_secret_basic'),
  client('svc-post', 'post-secret', 'client_secret_post'),
  client('svc:odd id', 'p%3A+ss w:rd/~', 'client_secret_basic'),
  client('svc&post=odd', 'p%26+ss w&rd=~', 'client_secret_post'),
  // whose tokens are bound to a key, whose proofs must have a nonce, and whose tokens are bound to a certificate
  { ...client('svc-dpop', 'dpop-secret', 'client_secret_basic'), dpop_bound_access_tokens: true },
  { ...client('svc-nonce', 'nonce-secret', 'client_secret_basic'), dpop_bound_access_tokens: true },
  { ...client('svc-mtls', undefined, 'tls_client_auth'), tls_client_auth_san_dns: 'svc-mtls.test',
    tls_client_certificate_bound_access_tokens: true },
  asking('rs-mtls', 'tls_client_auth', { tls_client_auth_san_dns: 'svc-mtls.test' }),
  client('svc-no-exchange', 'plain-secret', 'client_secret_basic', ['client_credentials']),
];

// ---- token exchange, RFC 8693 ----

const extraClaims = new WeakMap();
const exchangeParameters = ['audience', 'resource', 'scope', 'requested_token_type', 'subject_token', 'subject_token_type',
  'actor_token', 'actor_token_type'];

async function claimsOf(token, type, what) {
  if (type !== `${TYPE}access_token` && type !== `${TYPE}jwt`) throw new errors.InvalidRequest(`${what}: unsupported token type`);
  const verified = jose.jwtVerify(token, jose.createLocalJWKSet(publicKeys()), { issuer, typ: 'at+jwt' });
  return (await verified.catch((e) => { throw new errors.InvalidRequest(`invalid ${what}`, 400, e.message); })).payload;
}

// The ways in which a server says no, one for each error of RFC 6749 section 5.2 and RFC 8693 section 2.2.2 that a policy can give.
function checkPolicy(subject, actor, parameters) {
  const { requested_token_type: type = `${TYPE}access_token` } = parameters;
  if (![`${TYPE}access_token`, `${TYPE}jwt`].includes(type)) throw new errors.InvalidRequest('unsupported requested_token_type');
  if (actor && subject.may_act && subject.may_act.sub !== actor.sub) throw new errors.InvalidRequest('may_act names another actor');
  if (subject.sub === 'locked') throw new errors.InvalidGrant('the account is locked');
  if (subject.sub === 'guest') throw new errors.UnauthorizedClient('not for guests');
  if (subject.sub === 'robot') throw new errors.UnsupportedGrantType('not for robots');
  if (subject.sub === 'minor') throw new errors.AccessDenied('ask your parents');
}

function narrowScope(subject, wanted) {
  const held = (subject.scope ?? '').split(' ');
  const scopes = wanted === undefined ? held : wanted.split(' ');
  const wider = scopes.filter((scope) => !held.includes(scope));
  if (wider.length) throw new errors.InvalidScope('more than the subject token has', wider.join(' '));
  return scopes.join(' ');
}

async function exchange(ctx) {
  const p = ctx.oidc.params;
  const proof = await validateDpop(provider, ctx);
  for (const name of ['subject_token', 'subject_token_type']) if (!p[name]) throw new errors.InvalidRequest(`${name} is missing`);
  const subject = await claimsOf(p.subject_token, p.subject_token_type, 'subject_token');
  const actor = p.actor_token && await claimsOf(p.actor_token, p.actor_token_type, 'actor_token');
  checkPolicy(subject, actor, p);
  const targets = [p.resource ?? [], p.audience ?? []].flat();
  if (targets.length > 1) throw new errors.InvalidTarget('one target at a time');

  const token = new provider.AccessToken({
    client: ctx.oidc.client, accountId: subject.sub, gty: 'token_exchange', scope: narrowScope(subject, p.scope),
    resourceServer: new provider.ResourceServer(targets[0], resourceServer(targets[0])),
  });
  // the actor of the token that is exchanged becomes the one before
  const act = actor ? { sub: actor.sub, ...(subject.act && { act: subject.act }) } : subject.act;
  if (act) extraClaims.set(token, { act });
  const certificate = checkMtlsCert(provider, ctx);
  if (certificate) token.setThumbprint('x5t', certificate);
  if (proof) {
    await checkDpopReplay(provider, ctx, proof, ctx.oidc.client.clientId);
    token.setThumbprint('jkt', proof.thumbprint);
  }
  checkDpopRequired(provider, ctx, proof);
  ctx.oidc.entity('AccessToken', token);
  ctx.body = buildTokenResponse(provider, {
    accessToken: await token.save(), issuedTokenType: p.requested_token_type ?? `${TYPE}access_token`, tokenType: token.tokenType,
    expiresIn: token.expiration, scope: token.scope,
  });
}

// ---- the server ----

const nonceSecret = crypto.randomBytes(32);

// the certificate that the client showed in the TLS handshake
function certificateOf(ctx) {
  const shown = ctx.socket.getPeerCertificate();
  return shown?.raw && new crypto.X509Certificate(shown.raw);
}

const mTLS = {
  enabled: true, certificateBoundAccessTokens: true, tlsClientAuth: true,
  getCertificate: certificateOf, certificateAuthorized: (ctx) => ctx.socket.authorized,
  certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_san_dns'
    && certificateOf(ctx).subjectAltName === `DNS:${expected}`,
};

function makeProvider() {
  const made = new Provider(issuer, {
    clients, jwks: { keys }, cookies: { keys: ['for tests'] }, scopes: ['openid', ...SCOPES.split(' ')],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth'],
    enabledJWA: { introspectionSigningAlgValues: ['ES256', 'RS256'], dPoPSigningAlgValues: ['ES256', 'RS256', 'PS256'] },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (ctx, token) => extraClaims.get(token),
    features: {
      devInteractions: { enabled: false }, clientCredentials: { enabled: true }, revocation: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (ctx, asking) => asking.clientId.startsWith('rs-') },
      jwtIntrospection: { enabled: true }, encryption: { enabled: true }, mTLS,
      dPoP: { enabled: true, nonceSecret, requireNonce: (ctx) => ctx.oidc.client?.clientId === 'svc-nonce' },
      resourceIndicators: { enabled: true, defaultResource: () => 'https://es256.test/', useGrantedResource: () => true,
        getResourceServerInfo: (ctx, id) => resourceServer(id) },
    },
  });
  made.registerGrantType(EXCHANGE, exchange, exchangeParameters, ['audience', 'resource']);
  made.on('server_error', (ctx, e) => console.error(e));
  return made;
}

// A user's token, as a login would end with: /_test/user-token?sub=alice&resource=https://es256.test/&scope=…&may_act=…
async function userToken(query) {
  const resource = query.get('resource') ?? 'https://es256.test/';
  const token = new provider.AccessToken({
    client: await provider.Client.find('svc-basic'), accountId: query.get('sub') ?? 'alice', scope: query.get('scope') ?? SCOPES,
    expiresIn: LIFETIME, gty: 'authorization_code', resourceServer: new provider.ResourceServer(resource, resourceServer(resource)),
  });
  if (query.has('may_act')) extraClaims.set(token, { may_act: { sub: query.get('may_act') } });
  return { access_token: await token.save() };
}

const control = {
  '/_test/user-token': userToken,
  '/_test/rotate': () => { keys = [...newKeys(), ...keys]; },                          // the old keys stay in the set
  '/_test/retire': () => { keys = keys.filter((key) => key.kid.endsWith(`-${generation}`)); },
};

async function answer(request, response) {
  const url = new URL(request.url, issuer);
  if (!control[url.pathname]) return provider.callback()(request, response);
  const result = await control[url.pathname](url.searchParams);
  if (!result) provider = makeProvider(); // the keys have changed
  response.setHeader('content-type', 'application/json');
  return response.end(JSON.stringify(result ?? {}));
}

const pem = (name) => readFileSync(`${folder}/${name}`);
const tls = { key: pem('server.key'), cert: pem('server.pem'), ca: pem('ca.pem'), requestCert: true, rejectUnauthorized: false };
const server = https.createServer(tls, (request, response) => answer(request, response).catch((e) => {
  console.error(e);
  response.destroy();
}));
server.listen(0, '127.0.0.1', () => {
  issuer = `https://localhost:${server.address().port}`;
  keys = newKeys();
  provider = makeProvider();
  console.log(issuer);
});
