// Apps that are held to FAPI 2.0, with two clients: pushed requests, tokens bound to a key, nonces, and a key in the place of a secret.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { DETAILS, raise } from "./stage.mjs";

const REDIRECT = "http://127.0.0.1/callback";
const SCOPE = "openid profile offline_access";

let stage;
let ada;
before(async () => {
  stage = await raise();
  ada = await stage.person("ada");
});
after(() => stage?.lower());

/** An app with a key of its own, which is held to FAPI 2.0 for that. */
async function keyed(name) {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "ES256", use: "sig" }] });
  const app = await stage.app(name, REDIRECT, "--jwks", await stage.file(`${name}.json`, keys));
  return { app, key: { key: privateKey, kid: "one" } };
}

test("openid-client pushes, binds, refreshes, introspects and revokes", async () => {
  const { app, key } = await keyed("Bank");
  const config = await client.discovery(
    new URL(stage.url), app.client_id, undefined, client.PrivateKeyJwt(key), { execute: [client.allowInsecureRequests] });
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const verifier = client.randomPKCECodeVerifier();
  const checks = { state: client.randomState(), nonce: client.randomNonce() };
  const ask = {
    redirect_uri: REDIRECT, scope: SCOPE, authorization_details: JSON.stringify(DETAILS),
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...checks,
  };
  const unpushed = await ada.goThrough(client.buildAuthorizationUrl(config, ask));
  assert.equal(unpushed.searchParams.get("error"), "invalid_request");
  const address = await client.buildAuthorizationUrlWithPAR(config, ask, { DPoP });
  assert.deepEqual([...address.searchParams.keys()].sort(), ["client_id", "request_uri"]);
  const back = await ada.goThrough(address);
  const expected = {
    pkceCodeVerifier: verifier, expectedState: checks.state, expectedNonce: checks.nonce, idTokenExpected: true };
  const tokens = await client.authorizationCodeGrant(config, back, expected, undefined, { DPoP });
  assert.equal(tokens.token_type, "dpop");
  const info = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP });
  assert.equal(info.preferred_username, "ada");
  const read = (token, options) =>
    client.fetchProtectedResource(config, token, new URL("/v1/conversations", stage.url), "GET", undefined, undefined, options);
  assert.ok((await read(tokens.access_token, { DPoP })).headers.get("waxseal-receipt"), "it carries a receipt");
  await assert.rejects(read(tokens.access_token));
  const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  await assert.rejects(read(tokens.access_token, { DPoP: other }));
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
  assert.equal((await read(refreshed.access_token, { DPoP })).status, 200);
  const worth = await client.tokenIntrospection(config, refreshed.access_token);
  assert.equal(worth.active, true);
  assert.equal(worth.cnf.jkt, await DPoP.calculateThumbprint());
  await client.tokenRevocation(config, refreshed.refresh_token ?? tokens.refresh_token);
  await assert.rejects(read(refreshed.access_token, { DPoP }));
});

test("oauth4webapi does, and learns the nonces by itself", async () => {
  const { app, key } = await keyed("Fund");
  const issuer = new URL(stage.url);
  const insecure = { [oauth.allowInsecureRequests]: true };
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
  const who = { client_id: app.client_id };
  const auth = oauth.PrivateKeyJwt(key);
  const options = { ...insecure, DPoP: oauth.DPoP(who, await oauth.generateKeyPair("ES256")) };
  /** Sends, and once more if all that was missing is the nonce, which the client then knows. */
  const twice = async (send) => {
    try {
      return await send();
    } catch (error) {
      if (!oauth.isDPoPNonceError(error)) throw error;
      return send();
    }
  };
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const ask = new URLSearchParams({
    response_type: "code", redirect_uri: REDIRECT, scope: SCOPE, state, authorization_details: JSON.stringify(DETAILS),
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const pushed = await twice(async () => oauth.processPushedAuthorizationResponse(
    as, who, await oauth.pushedAuthorizationRequest(as, who, auth, ask, options)));
  const address = new URL(as.authorization_endpoint);
  address.searchParams.set("client_id", app.client_id);
  address.searchParams.set("request_uri", pushed.request_uri);
  const answer = oauth.validateAuthResponse(as, who, await ada.goThrough(address), state);
  const tokens = await twice(async () => oauth.processAuthorizationCodeResponse(
    as, who, await oauth.authorizationCodeGrantRequest(as, who, auth, answer, REDIRECT, verifier, options)));
  assert.equal(tokens.token_type, "dpop");
  const url = new URL("/v1/me", stage.url);
  const me = await twice(() =>
    oauth.protectedResourceRequest(tokens.access_token, "GET", url, undefined, undefined, options));
  assert.equal((await me.json()).handle, "ada");
  const next = await twice(async () => oauth.processRefreshTokenResponse(
    as, who, await oauth.refreshTokenGrantRequest(as, who, auth, tokens.refresh_token, options)));
  assert.equal(next.token_type, "dpop");
});
