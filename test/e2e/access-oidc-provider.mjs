// A real OpenID Connect provider on loopback, in a process of its own. The account signs in by the name typed on the
// provider's development page; claims come from ACCOUNTS. Prints its issuer when it listens.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { REDIRECT_URI, ACCOUNTS } = process.env;
const accounts = JSON.parse(ACCOUNTS);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'cqrs-comms',
        client_secret: 'a-client-secret-of-the-tests',
        redirect_uris: [REDIRECT_URI],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { openid: ['sub'], profile: ['name', 'groups'], email: ['email', 'email_verified'] },
    // Entra puts the claims of the scopes into the ID token; this provider does so only when told to.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ['a-cookie-key-of-the-tests'] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  });
  server.on('request', provider.callback());
  process.stdout.write(`${issuer}\n`);
});
