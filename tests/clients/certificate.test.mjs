// `openid-client` with certificates (RFC 8705) and signed requests (RFC 9101): who it is by its connection, and tokens bound to that.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import * as client from "openid-client";
import { DETAILS, raise } from "./stage.mjs";

const REDIRECT = "http://127.0.0.1/callback";
const folder = mkdtempSync(join(tmpdir(), "waxseal-certificates-"));
const file = (name) => join(folder, name);
const openssl = (...words) => execFileSync("openssl", words, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });

let stage;
let ada;
before(async () => {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=An authority", "-days", "2");
  // With an extension it is one of version 3; others are not taken.
  const forClients = ["-addext", "extendedKeyUsage=clientAuth"];
  for (const [name, subject, extra] of [
    ["server", "/CN=server", ["-addext", "subjectAltName=IP:127.0.0.1"]],
    ["teller", "/C=DE/O=Teller Ltd/CN=teller", forClients],
    ["thief", "/C=DE/O=Teller Ltd/CN=thief", forClients],
  ]) {
    openssl("req", "-new", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject, ...extra);
    openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "2",
      "-copy_extensions", "copy", "-out", `${name}.pem`);
  }
  // The ordinary address stays plain, as behind a proxy.
  stage = await raise("--behind-proxy", "--tls-cert", file("server.pem"), "--tls-key", file("server.key"),
    "--mtls-listen", "127.0.0.1:0", "--mtls-ca", file("root.pem"));
  ada = await stage.person("ada");
});
after(async () => {
  await stage?.lower();
  rmSync(folder, { recursive: true, force: true });
});

/** `fetch`, showing this certificate wherever one is asked for. */
const showing = (name) => (url, { method, headers, body } = {}) => {
  if (new URL(url).protocol === "http:") return fetch(url, { method, headers, body, redirect: "manual" });
  const certificate = { cert: readFileSync(file(`${name}.pem`)), key: readFileSync(file(`${name}.key`)) };
  const sent = body == null ? undefined : body.toString();
  return new Promise((resolve, reject) => {
    const asks = request(url, { method, ca: readFileSync(file("root.pem")), ...certificate, headers: Object.fromEntries(new Headers(headers)) });
    asks.on("error", reject).on("response", async (answer) => {
      const pieces = [];
      for await (const piece of answer) pieces.push(piece);
      const raw = Object.entries(answer.headers).map(([header, value]) => [header, String(value)]);
      resolve(new Response(pieces.length ? Buffer.concat(pieces) : null, { status: answer.statusCode, headers: raw }));
    });
    asks.end(sent);
  });
};

/** The server as an app discovers it that shows this certificate. */
async function discover(app, name, auth, more = {}) {
  const metadata = { use_mtls_endpoint_aliases: true, ...more };
  const config = await client.discovery(new URL(stage.url), app.client_id, metadata, auth, {
    execute: [client.allowInsecureRequests],
    [client.customFetch]: showing(name),
  });
  config[client.customFetch] = showing(name);
  return config;
}

/** What is asked, and what has to come back with it. */
async function asking() {
  const verifier = client.randomPKCECodeVerifier();
  const checks = { state: client.randomState(), nonce: client.randomNonce() };
  const ask = {
    redirect_uri: REDIRECT, scope: "openid profile offline_access", authorization_details: JSON.stringify(DETAILS),
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...checks,
  };
  const expected = {
    pkceCodeVerifier: verifier, expectedState: checks.state, expectedNonce: checks.nonce, idTokenExpected: true };
  return { ask, expected };
}

test("openid-client proves itself by its certificate, and its tokens are bound to it", async () => {
  const app = await stage.app("Teller", REDIRECT, "--tls-subject", "dn:CN=teller,O=Teller Ltd,C=DE");
  const config = await discover(app, "teller", client.TlsClientAuth());
  const { ask, expected } = await asking();
  const back = await ada.goThrough(await client.buildAuthorizationUrlWithPAR(config, ask));
  const tokens = await client.authorizationCodeGrant(config, back, expected);
  assert.equal(tokens.token_type, "bearer");
  const mutual = new URL(config.serverMetadata().mtls_endpoint_aliases.token_endpoint).origin;
  const read = (as, token) => client.fetchProtectedResource(as, token, new URL("/v1/conversations", mutual), "GET");
  assert.ok((await read(config, tokens.access_token)).headers.get("waxseal-receipt"), "it carries a receipt");
  assert.equal((await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).preferred_username, "ada");
  const worth = await client.tokenIntrospection(config, tokens.access_token);
  assert.match(worth.cnf["x5t#S256"], /^[\w-]{43}$/);
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal((await read(config, refreshed.access_token)).status, 200);
  const thief = await discover(app, "thief", client.TlsClientAuth());
  await assert.rejects(read(thief, refreshed.access_token));
  await assert.rejects(client.refreshTokenGrant(thief, tokens.refresh_token), { error: "invalid_client" });
  await client.tokenRevocation(config, refreshed.refresh_token);
  await assert.rejects(read(config, refreshed.access_token));
});

test("openid-client signs what it asks", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "ES256", use: "sig" }] });
  const options = ["--jwks", await stage.file("signing.json", keys), "--signed-requests", "--profile", "oauth21"];
  const app = await stage.app("Signing", REDIRECT, ...options);
  const key = { key: privateKey, kid: "one" };
  const config = await client.discovery(new URL(stage.url), app.client_id, undefined, client.PrivateKeyJwt(key), {
    execute: [client.allowInsecureRequests] });
  const { ask, expected } = await asking();
  const unsigned = await ada.goThrough(client.buildAuthorizationUrl(config, ask));
  assert.equal(unsigned.searchParams.get("error"), "invalid_request");
  const address = await client.buildAuthorizationUrlWithJAR(config, ask, key);
  const back = await ada.goThrough(address);
  const tokens = await client.authorizationCodeGrant(config, back, expected);
  assert.equal(tokens.token_type, "bearer");
});
