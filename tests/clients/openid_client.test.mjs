// `openid-client`: apps from the first redirect to the last revocation, devices, introspection, and signing out.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as client from "openid-client";
import { DETAILS, raise } from "./stage.mjs";

const REDIRECT = "http://127.0.0.1/callback";

let stage;
let ada;
before(async () => {
  stage = await raise("--allow-loopback-fetch");
  ada = await stage.person("ada");
});
after(() => stage?.lower());

/** The server as the client discovers it, on behalf of this app. */
const discover = (app, metadata, auth = client.None()) =>
  client.discovery(new URL(stage.url), app.client_id, metadata, auth, { execute: [client.allowInsecureRequests] });

/** Signs somebody in, Ada if nobody else; the tokens, with everything checked that the client can check. */
async function signIn(config, more = {}, person = ada) {
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
  const back = await person.goThrough(address);
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

test("an app asks what its token is worth, and is told nothing of another's", async () => {
  const config = await discover(...(await withSecret("Looks")));
  const { tokens } = await signIn(config);
  const worth = await client.tokenIntrospection(config, tokens.access_token);
  assert.equal(worth.active, true);
  assert.equal(worth.sub, tokens.claims().sub);
  assert.deepEqual(worth.authorization_details, tokens.authorization_details);
  assert.equal((await client.tokenIntrospection(config, tokens.refresh_token)).active, true);
  const other = await discover(...(await withSecret("Peeks")));
  assert.deepEqual(await client.tokenIntrospection(other, tokens.access_token), { active: false });
  await client.tokenRevocation(config, tokens.refresh_token);
  assert.deepEqual(await client.tokenIntrospection(config, tokens.access_token), { active: false });
});

test("an app takes the same as a signed statement", async () => {
  const [app, , auth] = await withSecret("Audits");
  const config = await discover(app, { introspection_signed_response_alg: "ES256" }, auth);
  let kind;
  config[client.customFetch] = async (...call) => {
    const answer = await fetch(...call);
    if (String(call[0]).endsWith("/introspect")) kind = answer.headers.get("content-type");
    return answer;
  };
  const { tokens } = await signIn(config);
  const worth = await client.tokenIntrospection(config, tokens.access_token);
  assert.equal(kind, "application/token-introspection+jwt");
  assert.deepEqual([worth.active, worth.client_id], [true, app.client_id]);
  client.enableNonRepudiationChecks(config);
  assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, true);
});

/** An app with a secret, as `discover` takes it. */
async function withSecret(name, ...options) {
  const app = await stage.app(name, REDIRECT, "--secret", ...options);
  return [app, undefined, client.ClientSecretBasic(app.client_secret)];
}

test("a television is let in from elsewhere", async () => {
  const config = await discover(await stage.app("Player", REDIRECT, "--public"));
  const asked = await client.initiateDeviceAuthorization(config, {
    scope: "openid profile", authorization_details: JSON.stringify(DETAILS) });
  assert.match(asked.user_code, /^[B-Z]{4}-[B-Z]{4}$/);
  const done = await ada.goThrough(asked.verification_uri_complete);
  assert.equal(done.searchParams.get("done"), "device-allowed");
  const tokens = await client.pollDeviceAuthorizationGrant(config, asked);
  assert.deepEqual(tokens.authorization_details[0].actions, ["list", "read", "send"]);
  const info = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(info.preferred_username, "ada");
  const denied = await client.initiateDeviceAuthorization(config, { scope: "openid" });
  await ada.goThrough(denied.verification_uri_complete, "deny");
  await assert.rejects(client.pollDeviceAuthorizationGrant(config, denied), { error: "access_denied" });
});

test("an app signs the person out, and another is told of it", async (t) => {
  const told = [];
  const listener = createServer((request, answer) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => {
      told.push(new URLSearchParams(Buffer.concat(pieces).toString()).get("logout_token"));
      answer.end();
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  t.after(() => listener.close());
  const at = `http://127.0.0.1:${listener.address().port}/told`;
  const bob = await stage.person("bob");
  const config = await discover(...(await withSecret("Leaves", "--post-logout-redirect-uri", `${REDIRECT}/out`)));
  const listening = await withSecret("Listens", "--backchannel-logout-uri", at);
  const { tokens } = await signIn(config, {}, bob);
  const { tokens: heard } = await signIn(await discover(...listening), {}, bob);
  const back = await bob.open(client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token, post_logout_redirect_uri: `${REDIRECT}/out`, state: "s" }));
  assert.equal(back.left, `${REDIRECT}/out?state=s`);
  assert.match((await bob.open("/")).at, /sign-in/, "her browser is signed out");
  for (let n = 0; told.length === 0 && n < 100; n += 1) await setTimeout(100);
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
  const options = { issuer: stage.url, audience: listening[0].client_id, typ: "logout+jwt" };
  const { payload } = await jwtVerify(told[0], keys, options);
  assert.deepEqual([payload.sub, payload.sid], [heard.claims().sub, heard.claims().sid]);
  assert.deepEqual(payload.events, { "http://schemas.openid.net/event/backchannel-logout": {} });
});
