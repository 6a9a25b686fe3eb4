// SPDX-License-Identifier: Apache-2.0
//
// glewlwyd.mjs: makes an authorization server of a fresh glewlwyd, over its administrator's API: three OpenID Connect plugins, each
// an issuer with an ES256 and an RS256 key, their clients, one user.   node glewlwyd.mjs config FOLDER PORT | provision URL FOLDER
//   oidc   nearly all of the tests      nonce   demands nonces in DPoP proofs
//   keys   gets new keys and loses them: node glewlwyd.mjs rotate URL | retire URL
import crypto from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const [, , command, ...args] = process.argv;

function writeConfig(folder, port) {
  const modules = '/usr/lib/glewlwyd';
  writeFileSync(`${folder}/glewlwyd.conf`, `
port=${port}
bind_address="127.0.0.1"
external_url="https://localhost:${port}"
api_prefix="api"
log_mode="console"
log_level="WARNING"
use_secure_connection=true
secure_connection_key_file="${folder}/server.key"
secure_connection_pem_file="${folder}/server.pem"
secure_connection_ca_file="${folder}/ca.pem"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="${modules}/user"
client_module_path="${modules}/client"
user_auth_scheme_module_path="${modules}/scheme"
plugin_module_path="${modules}/plugin"
hash_algorithm="SHA512"
database={type="sqlite3" path="${folder}/glewlwyd.db"};
`);
}

// ---- the administrator ----

const api = `${args[0]}/api`;
let cookie = '';

async function call(method, path, body) {
  const headers = { 'content-type': 'application/json', cookie };
  const answer = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  for (const set of answer.headers.getSetCookie()) cookie = set.split(';')[0];
  return answer;
}

function privateKey(alg, kid) {
  const pair = alg === 'ES256' ? crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...pair.privateKey.export({ format: 'jwk' }), alg, kid, use: 'sig' };
}

// The property sign_kid says which key signs a client's tokens, jwks has a client's own, alg_kid says to which of them its tokens
// are encrypted; the client database has to know them.
async function addProperties() {
  const module = await (await call('GET', '/mod/client/database')).json();
  const format = module.parameters['data-format'];
  for (const name of ['sign_kid', 'encrypt_at', 'alg', 'enc', 'alg_kid', 'tls_client_auth_san_dns', 'dpop_bound_access_tokens',
    'tls_client_certificate_bound_access_tokens']) format[name] = { multiple: false, read: true, write: true };
  format.jwks = { multiple: false, read: true, write: true, convert: 'jwks' };
  await call('PUT', '/mod/client/database', module);
  await call('PUT', '/mod/client/database/reset');
}

const addScope = (name) => call('POST', '/scope/', {
  name, display_name: name, description: name, password_required: false, scheme: {},
});

const addPlugin = (name, more) => call('POST', '/mod/plugin/', {
  module: 'oidc', name, display_name: name, enabled: true, parameters: {
    iss: `${api}/${name}`, 'default-kid': 'es256-1', 'client-sign_kid-parameter': 'sign_kid',
    'jwks-private': JSON.stringify({ keys: [privateKey('ES256', 'es256-1'), privateKey('RS256', 'rs256-1')] }),
    'access-token-duration': 300, 'refresh-token-duration': 3600, 'code-duration': 60, 'allow-non-oidc': true,
    'auth-type-client-enabled': true, 'auth-type-password-enabled': true, 'auth-type-refresh-enabled': true,
    'auth-type-code-enabled': true, 'auth-type-id-token-enabled': true, 'auth-type-implicit-enabled': false,
    'introspection-revocation-allowed': true, 'introspection-revocation-allow-target-client': true, 'client-jwks-parameter': 'jwks',
    'client-pubkey-parameter': 'pubkey', 'client-jwks_uri-parameter': 'jwks_uri', 'request-parameter-allow': true,
    'request-parameter-ietf-strict': false, 'request-maximum-exp': 3600,
    'resource-allowed': true, 'resource-client-property': 'resource', 'resource-scope-and-client-property': false,
    'resource-scope': { 'orders:read': ['https://orders.test/'], 'orders:write': ['https://orders.test/'] },
    'encrypt-out-token-allow': true, 'client-alg-parameter': 'alg', 'client-enc-parameter': 'enc',
    'client-alg_kid-parameter': 'alg_kid', 'client-encrypt_at-parameter': 'encrypt_at',
    'client-cert-source': 'TLS', 'client-cert-use-endpoint-aliases': false, 'client-cert-self-signed-allowed': false,
    'oauth-dpop-allowed': true, 'oauth-dpop-iat-duration': 60, 'oauth-dpop-iat-gap-duration': 60,
    'oauth-dpop-dpop_bound_access_tokens-property': 'dpop_bound_access_tokens', 'oauth-dpop-nonce-mandatory': false, ...more,
  },
});

const addClient = (id, secret, method, properties) => call('POST', '/client/?source=database', {
  client_id: id, name: id, enabled: true, confidential: true, password: secret, client_secret: secret,
  token_endpoint_auth_method: [method], authorization_type: ['client_credentials', 'password', 'code', 'id_token'],
  scope: ['openid', 'orders:read', 'orders:write'], redirect_uri: ['https://localhost/callback'], ...properties,
});

const logIn = () => call('POST', '/auth/', { username: 'admin', password: 'password' });

// svc-<algorithm>: whose access tokens are encrypted to the service's key, of which it has the public half
async function addEncryptedClients(folder) {
  const keys = JSON.parse(readFileSync(`${folder}/service.jwks`)).keys;
  for (const [alg, enc] of [['RSA-OAEP-256', 'A256GCM'], ['ECDH-ES', 'A128GCM'], ['ECDH-ES+A128KW', 'A128CBC-HS256']]) {
    const { d, p, q, dp, dq, qi, ...jwk } = keys.find((key) => key.alg === alg);
    await addClient(`svc-${jwk.kid}`, 'encrypted-secret', 'client_secret_basic',
      { jwks: { keys: [jwk] }, encrypt_at: '1', alg, enc, alg_kid: jwk.kid });
  }
}

async function provision(folder) {
  await logIn();
  await addScope('orders:read');
  await addScope('orders:write');
  await addProperties();
  await addPlugin('oidc');
  await addPlugin('nonce', { 'oauth-dpop-nonce-mandatory': true, 'oauth-dpop-nonce-counter': 1 });
  await addPlugin('keys');
  await addClient('svc-es256', 'es256-secret', 'client_secret_basic', { sign_kid: 'es256-1' });
  await addClient('svc-rs256', 'rs256-secret', 'client_secret_basic', { sign_kid: 'rs256-1' });
  await addClient('svc-post', 'post-secret', 'client_secret_post', {});
  // RFC 7515 appendix A.3; the tests have the private half
  await addClient('svc-key', undefined, 'private_key_jwt', { jwks: { keys: [{
    kty: 'EC', crv: 'P-256', kid: 'rs-key', alg: 'ES256', use: 'sig',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' }] } });
  await addEncryptedClients(folder);
  await addClient('svc-dpop', 'dpop-secret', 'client_secret_basic', { dpop_bound_access_tokens: '1' });
  await addClient('svc-mtls', undefined, 'tls_client_auth', { tls_client_auth_san_dns: 'svc-mtls.test' });
  await call('POST', '/user/?source=database', {
    username: 'alice', name: 'Alice', password: 'alice-password', enabled: true, scope: ['openid', 'orders:read', 'orders:write'],
  });
}

// A new key signs from now on. The old ones stay in the set, until only the newest is left.
async function changeKeys(retire) {
  await logIn();
  const plugin = await (await call('GET', '/mod/plugin/keys')).json();
  const { parameters } = plugin;
  const keys = JSON.parse(parameters['jwks-private']).keys;
  const newest = retire ? keys[0] : privateKey('ES256', `es256-${keys.length + crypto.randomInt(1000, 1000000)}`);
  parameters['jwks-private'] = JSON.stringify({ keys: retire ? [newest] : [newest, ...keys] });
  parameters['default-kid'] = newest.kid;
  await call('PUT', '/mod/plugin/keys', plugin);
  await call('PUT', '/mod/plugin/keys/reset');
}

if (command === 'config') writeConfig(...args);
else if (command === 'provision') await provision(args[1]);
else await changeKeys(command === 'retire');
