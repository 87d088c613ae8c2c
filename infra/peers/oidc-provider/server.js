// A certified OpenID provider that is not ours, for tests. Settings come as JSON in the environment variable
// STOA_PEER: {"port", "issuer", "keys": {kid: PEM}, "client": metadata, "client_key": PEM or null,
// "people": {id: claims}}.
import { createPrivateKey, createPublicKey } from 'node:crypto';

import { Provider } from 'oidc-provider';

const settings = JSON.parse(process.env.STOA_PEER);
const jwk = (key, kid) => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' });

const client = { ...settings.client };
if (settings.client_key) {
  // The id by which our secret names its key.
  client.jwks = { keys: [jwk(createPublicKey(settings.client_key), '1')] };
}

const provider = new Provider(settings.issuer, {
  clients: [client],
  jwks: { keys: Object.entries(settings.keys).map(([kid, pem]) => jwk(createPrivateKey(pem), kid)) },
  cookies: { keys: ['for tests only'] },
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['given_name', 'family_name'],
  },
  pkce: { required: () => true },
  // Its own sign-on and consent pages: any password is good.
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...settings.people[id] }) }),
});

provider.listen(settings.port, '127.0.0.1');
