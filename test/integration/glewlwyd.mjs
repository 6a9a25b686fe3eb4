// SPDX-License-Identifier: Apache-2.0
//
// glewlwyd.mjs: makes an authorization server of a fresh glewlwyd, over its administrator's API: one OpenID Connect plugin with an
// ES256 and an RS256 key, three clients, one user.   node glewlwyd.mjs config FOLDER PORT | provision URL
import crypto from 'node:crypto';
import { writeFileSync } from 'node:fs';

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

// The property sign_kid says which key signs a client's tokens, jwks has a client's own; the client database has to know them.
async function addProperties() {
  const module = await (await call('GET', '/mod/client/database')).json();
  const format = module.parameters['data-format'];
  format.sign_kid = { multiple: false, read: true, write: true };
  format.jwks = { multiple: false, read: true, write: true, convert: 'jwks' };
  await call('PUT', '/mod/client/database', module);
  await call('PUT', '/mod/client/database/reset');
}

const addScope = (name) => call('POST', '/scope/', {
  name, display_name: name, description: name, password_required: false, scheme: {},
});

const addPlugin = () => call('POST', '/mod/plugin/', {
  module: 'oidc', name: 'oidc', display_name: 'oidc', enabled: true, parameters: {
    iss: `${api}/oidc`, 'default-kid': 'es256-1', 'client-sign_kid-parameter': 'sign_kid',
    'jwks-private': JSON.stringify({ keys: [privateKey('ES256', 'es256-1'), privateKey('RS256', 'rs256-1')] }),
    'access-token-duration': 300, 'refresh-token-duration': 3600, 'code-duration': 60, 'allow-non-oidc': true,
    'auth-type-client-enabled': true, 'auth-type-password-enabled': true, 'auth-type-refresh-enabled': true,
    'auth-type-code-enabled': true, 'auth-type-id-token-enabled': true, 'auth-type-implicit-enabled': false,
    'introspection-revocation-allowed': true, 'introspection-revocation-allow-target-client': true, 'client-jwks-parameter': 'jwks',
    'client-pubkey-parameter': 'pubkey', 'client-jwks_uri-parameter': 'jwks_uri', 'request-parameter-allow': true,
    'request-parameter-ietf-strict': false, 'request-maximum-exp': 3600,
    'resource-allowed': true, 'resource-client-property': 'resource', 'resource-scope-and-client-property': false,
    'resource-scope': { 'orders:read': ['https://orders.test/'], 'orders:write': ['https://orders.test/'] },
  },
});

const addClient = (id, secret, method, properties) => call('POST', '/client/?source=database', {
  client_id: id, name: id, enabled: true, confidential: true, password: secret, client_secret: secret,
  token_endpoint_auth_method: [method], authorization_type: ['client_credentials', 'password', 'code', 'id_token'],
  scope: ['openid', 'orders:read', 'orders:write'], redirect_uri: ['https://localhost/callback'], ...properties,
});

async function provision() {
  await call('POST', '/auth/', { username: 'admin', password: 'password' });
  await addScope('orders:read');
  await addScope('orders:write');
  await addProperties();
  await addPlugin();
  await addClient('svc-es256', 'es256-secret', 'client_secret_basic', { sign_kid: 'es256-1' });
  await addClient('svc-rs256', 'rs256-secret', 'client_secret_basic', { sign_kid: 'rs256-1' });
  await addClient('svc-post', 'post-secret', 'client_secret_post', {});
  // RFC 7515 appendix A.3; the tests have the private half
  await addClient('svc-key', undefined, 'private_key_jwt', { jwks: { keys: [{
    kty: 'EC', crv: 'P-256', kid: 'rs-key', alg: 'ES256', use: 'sig',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' }] } });
  await call('POST', '/user/?source=database', {
    username: 'alice', name: 'Alice', password: 'alice-password', enabled: true, scope: ['openid', 'orders:read', 'orders:write'],
  });
}

if (command === 'config') writeConfig(...args);
else await provision();
