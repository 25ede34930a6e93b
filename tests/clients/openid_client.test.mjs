// `openid-client`: a public app from the first redirect to the last revocation.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as client from "openid-client";
import { DETAILS, raise } from "./stage.mjs";

const REDIRECT = "http://127.0.0.1/callback";

let stage;
let ada;
before(async () => {
  stage = await raise();
  ada = await stage.person("ada");
});
after(() => stage?.lower());

/** The server as the client discovers it, on behalf of this app. */
const discover = (app, metadata, auth = client.None()) =>
  client.discovery(new URL(stage.url), app.client_id, metadata, auth, { execute: [client.allowInsecureRequests] });

/** Signs Ada in; the tokens, with everything checked that the client can check. */
async function signIn(config, more = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const checks = { state: client.randomState(), nonce: client.randomNonce() };
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: "openid profile offline_access",
    authorization_details: JSON.stringify(DETAILS),
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...checks,
    ...more,
  });
  const back = await ada.goThrough(address);
  const tokens = await client.authorizationCodeGrant(config, back, {
    pkceCodeVerifier: verifier,
    expectedState: checks.state,
    expectedNonce: checks.nonce,
    idTokenExpected: true,
  });
  return { tokens, back, verifier, checks };
}

test("a public app signs a person in, reads who she is, refreshes and revokes", async () => {
  const config = await discover(await stage.app("Desk", REDIRECT, "--public"));
  const { tokens } = await signIn(config);
  assert.equal(tokens.token_type, "bearer");
  assert.deepEqual(tokens.authorization_details[0].actions, ["list", "read", "send"]);
  const subject = tokens.claims().sub;
  const info = await client.fetchUserInfo(config, tokens.access_token, subject);
  assert.equal(info.preferred_username, "ada");
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(refreshed.access_token, tokens.access_token);
  const asked = await client.fetchProtectedResource(
    config, refreshed.access_token, new URL("/v1/conversations", stage.url), "GET");
  assert.equal(asked.status, 200);
  assert.ok(asked.headers.get("waxseal-receipt"), "it carries a receipt");
  await client.tokenRevocation(config, refreshed.refresh_token);
  await assert.rejects(
    client.fetchProtectedResource(config, refreshed.access_token, new URL("/v1/me", stage.url), "GET"));
  await assert.rejects(client.refreshTokenGrant(config, refreshed.refresh_token), { error: "invalid_grant" });
});

test("an app with a secret signs in with it, and with a wrong one does not", async () => {
  const app = await stage.app("Shop", REDIRECT, "--secret");
  const right = await discover(app, undefined, client.ClientSecretBasic(app.client_secret));
  const { tokens } = await signIn(right);
  assert.equal(tokens.claims().aud, app.client_id);
  const wrong = await discover(app, undefined, client.ClientSecretBasic("not-the-secret"));
  await assert.rejects(client.refreshTokenGrant(wrong, tokens.refresh_token), { status: 401 });
});

test("a code is worth nothing the second time, nor with another verifier", async () => {
  const config = await discover(await stage.app("Twice", REDIRECT, "--public"));
  const { tokens, back, verifier, checks } = await signIn(config);
  const again = (pkceCodeVerifier) => client.authorizationCodeGrant(config, back, {
    pkceCodeVerifier, expectedState: checks.state, expectedNonce: checks.nonce });
  await assert.rejects(again(client.randomPKCECodeVerifier()), { error: "invalid_grant" });
  // Whoever lacks the verifier cannot end what the rightful one holds.
  await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  await assert.rejects(again(verifier), { error: "invalid_grant" });
  await assert.rejects(client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub));
});

test("a person who says no is told of as access_denied, with state and issuer", async () => {
  const config = await discover(await stage.app("Denied", REDIRECT, "--public"));
  const state = client.randomState();
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT, scope: "openid", state, authorization_details: JSON.stringify(DETAILS),
    code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()), code_challenge_method: "S256",
  });
  const back = await ada.goThrough(address, "deny");
  assert.equal(back.searchParams.get("iss"), stage.url);
  await assert.rejects(client.authorizationCodeGrant(config, back, { expectedState: state }), { error: "access_denied" });
});
