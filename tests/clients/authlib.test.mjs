// `Authlib`: apps written in Python. The person's side is played here, the app's in `authlib/client.py`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exportJWK, exportPKCS8, generateKeyPair } from "jose";
import { DETAILS, raise } from "./stage.mjs";

const PYTHON = process.env.WAXSEAL_CLIENTS_PYTHON ?? "python3";
const PROGRAM = new URL("authlib/client.py", import.meta.url).pathname;
const REDIRECT = "http://127.0.0.1/callback";

let stage;
let ada;
before(async () => {
  stage = await raise();
  ada = await stage.person("ada");
});
after(() => stage?.lower());

const scenario = (name, app, more = {}) =>
  ada.plays([PYTHON, PROGRAM, name], { url: stage.url, details: DETAILS, ...app, ...more });

test("a public app signs in, reads, refreshes and revokes", async () => {
  await scenario("public", await stage.app("Desk", REDIRECT, "--public"));
});

test("an app with a secret does", async () => {
  await scenario("secret", await stage.app("Shop", REDIRECT, "--secret"));
});

test("an app with a key does, and keeps no secret with us", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "ES256", use: "sig" }] });
  const app = await stage.app("Vault", REDIRECT, "--jwks", await stage.file("keys.json", keys), "--profile", "oauth21");
  assert.equal(app.client_secret ?? null, null);
  await scenario("private_key", app, { key: await exportPKCS8(privateKey) });
});
