// The npm package oidc-provider as it comes, on PostgreSQL, for the benchmark: one client with a secret, and so many
// sign-ins of people, made before it listens.
//
// usage: node server.mjs FOLDER-OF-THE-SOCKET DATABASE SIGN-INS
// Prints its address, `client_id:secret`, and then each sign-in's access and refresh token; then it serves until its input ends.

import { createServer } from 'node:http'
import Provider from 'oidc-provider'
import { adapter, open } from './store.mjs'

const [folder, database, count] = process.argv.slice(2)
const client = {
  client_id: 'bench',
  client_secret: 'a-secret-of-the-benchmark-of-more-than-enough-letters',
  redirect_uris: ['https://app.example/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_basic',
}

const provider = new Provider('http://127.0.0.1:8080', {
  adapter: adapter(await open(folder, database)),
  clients: [client],
  cookies: { keys: ['nobody signs in here'] },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
    revocation: { enabled: true },
  },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  // As Waxseal does it for an app with a secret: each refresh token works once.
  rotateRefreshToken: true,
  ttl: { AccessToken: 300, RefreshToken: 2_592_000, Grant: 2_592_000 },
})

/** What consent and the code would have brought, with the provider's own models. */
async function signIn(number) {
  const accountId = `person-${number}`
  const scope = 'offline_access'
  const grant = new provider.Grant({ accountId, clientId: client.client_id })
  grant.addOIDCScope(scope)
  const grantId = await grant.save()
  const found = await provider.Client.find(client.client_id)
  const about = { accountId, client: found, grantId, scope, gty: 'authorization_code', expiresWithSession: false }
  const access = await new provider.AccessToken(about).save()
  const refresh = await new provider.RefreshToken({ ...about, authTime: Math.floor(Date.now() / 1000) }).save()
  return `${access} ${refresh}`
}

const tokens = []
for (let number = 0; number < Number(count); number += 1) tokens.push(await signIn(number))
const server = createServer(provider.callback())
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const { address, port } = server.address()
  process.stdout.write(`${address}:${port}\n${client.client_id}:${client.client_secret}\n${tokens.join('\n')}\n\n`)
})
process.stdin.resume().on('end', () => process.exit(0))
