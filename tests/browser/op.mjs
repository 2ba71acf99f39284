// A real OpenID provider for test_oidc.py: any password, groups by login name, ID tokens that live ID_TOKEN_SECONDS.
import { Provider } from 'oidc-provider';

const { PORT, REDIRECT, ID_TOKEN_SECONDS = '3600', OP_GROUPS = '{}' } = process.env;
const groups = JSON.parse(OP_GROUPS);
const issuer = `http://localhost:${PORT}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'exeat', client_secret: 'test-secret-test-secret-test-secret',
    redirect_uris: [REDIRECT], post_logout_redirect_uris: [new URL('/', REDIRECT).href, new URL(REDIRECT).origin, REDIRECT],
    response_types: ['code'], grant_types: ['authorization_code'],
  }],
  claims: { openid: ['sub'], profile: ['name'], email: ['email'], groups: ['groups'] },
  scopes: ['openid', 'profile', 'email', 'groups'],
  conformIdTokenClaims: false, // Streamlit reads the ID token only
  pkce: { required: () => false },
  cookies: { keys: ['only-for-tests'] },
  features: { devInteractions: { enabled: true } },
  ttl: { IdToken: Number(ID_TOKEN_SECONDS), AccessToken: 3600, Session: 3600, Interaction: 3600, Grant: 3600 },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, name: `Test ${sub}`, email: `${sub}@example.org`, groups: groups[sub] ?? [] }),
  }),
});

provider.listen(Number(PORT), () => console.log(`listening on ${issuer}`));
