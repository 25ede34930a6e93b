// The TypeScript client against a real server: typed calls, bound tokens, receipts that hold and receipts that do not.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";
import * as oauth from "openid-client";
import { CEILING, DETAILS, raise } from "../../../tests/clients/stage.mjs";
import { ReceiptError, connect } from "../dist/index.js";

const REDIRECT = "http://127.0.0.1/callback";

let stage;
let ada;
before(async () => {
  stage = await raise();
  ada = await stage.person("ada");
  await stage.friends(ada, await stage.person("bea"));
});
after(() => stage?.lower());

/** Signs Ada in with openid-client, as the README shows: what `connect` needs comes back. */
async function signIn(name, bound) {
  const app = await stage.app(name, REDIRECT, "--public");
  const config = await oauth.discovery(
    new URL(stage.url), app.client_id, undefined, oauth.None(), { execute: [oauth.allowInsecureRequests] });
  const key = bound ? await oauth.randomDPoPKeyPair("ES256") : undefined;
  const DPoP = key && oauth.getDPoPHandle(config, key);
  const verifier = oauth.randomPKCECodeVerifier();
  const state = oauth.randomState();
  const details = DETAILS.map((one) => ({ ...one, actions: CEILING[0].actions }));
  const address = await oauth.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: REDIRECT, scope: "openid friends offline_access", state, authorization_details: JSON.stringify(details),
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" }, { DPoP });
  const back = await ada.goThrough(address);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true };
  let tokens = await oauth.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
  const { grant_id: grantId } = tokens;
  const token = async (refused) => {
    if (refused) {
      const refreshed = await oauth.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
      tokens = { ...tokens, ...refreshed };
    }
    return tokens.access_token;
  };
  return { url: stage.url, clientId: app.client_id, grantId, token, ...(key && { key }) };
}

test("what is generated from the OpenAPI document is what is checked in", async () => {
  const document = new URL("../../../docs/openapi.json", import.meta.url);
  const generated = COMMENT_HEADER + astToString(await openapiTS(document));
  const checkedIn = await readFile(new URL("../src/schema.ts", import.meta.url), "utf8");
  assert.equal(generated, checkedIn, "run `npm run generate` in clients/typescript");
});

for (const bound of [true, false]) {
  test(`it does what the API can, with ${bound ? "bound" : "bearer"} tokens`, async () => {
    const options = await signIn(bound ? "Bound" : "Bearer", bound);
    const waxseal = connect(options);
    const me = await waxseal.GET("/v1/me");
    assert.match(me.data.id, /^per_/);
    const friends = await waxseal.GET("/v1/friends");
    const started = await waxseal.POST("/v1/conversations", { body: { participants: [friends.data.items[0].id] } });
    assert.equal(started.response.status, 201);
    const conversation = started.data.id;
    const path = { conversation };
    const send = (text, key) =>
      waxseal.POST("/v1/conversations/{conversation}/messages", {
        params: { path, header: { "Idempotency-Key": key } }, body: { content: { type: "text", text } } });
    const sent = await send("Hello", "one");
    assert.equal(sent.data.content.text, "Hello");
    const again = await send("Hello", "one");
    assert.deepEqual(again.data, sent.data, "one key sends once");
    const reused = (await send("Other", "one")).error;
    assert.equal(reused.type, "/problems/idempotency-key-reused", reused.detail);
    const list = await waxseal.GET("/v1/conversations", { params: { query: { limit: 1 } } });
    assert.equal(list.data.items[0].id, conversation);
    const read = await waxseal.GET("/v1/conversations/{conversation}/messages", { params: { path, query: { after: 0 } } });
    assert.deepEqual(read.data.items, [sent.data]);
    const one = { params: { path: { ...path, seq: 1 } } };
    assert.deepEqual((await waxseal.GET("/v1/conversations/{conversation}/messages/{seq}", one)).data, sent.data);
    const deleted = await waxseal.DELETE("/v1/conversations/{conversation}/messages/{seq}", one);
    assert.equal(deleted.response.status, 204);
    const grant = await waxseal.GET("/v1/grant");
    const accesses = await waxseal.GET("/v1/access");
    assert.equal(grant.data.used, accesses.data.items[0].n);
    assert.equal((await waxseal.DELETE("/v1/grant")).response.status, 204);
    const over = connect({ ...options, token: () => options.token() });
    assert.equal((await over.GET("/v1/me")).error.type, "/problems/token-invalid");
  });
}

test("an answer whose receipt was taken away, changed or swapped is an error", async () => {
  const options = await signIn("Spoilt", true);
  let spoil = (receipt) => receipt;
  const spoilt = async (...asked) => {
    const answer = await fetch(...asked);
    const headers = new Headers(answer.headers);
    const receipt = headers.get("waxseal-receipt");
    headers.delete("waxseal-receipt");
    const now = receipt && spoil(receipt);
    if (now) headers.set("waxseal-receipt", now);
    const { status } = answer;
    return new Response(status === 204 ? null : await answer.arrayBuffer(), { status, headers });
  };
  const waxseal = connect({ ...options, fetch: spoilt });
  const list = () => waxseal.GET("/v1/conversations");
  let kept;
  spoil = (receipt) => (kept = receipt);
  await list();
  const flipped = (text, at) => text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
  for (const [how, why] of [
    [() => undefined, /there is none/],
    [() => kept, /shown before/],
    [(receipt) => flipped(receipt, 10), /does not name the key/],
    [(receipt) => flipped(receipt, 200), /signature is false/],
    [(receipt) => flipped(receipt, receipt.length - 20), /signature is false/],
    [(receipt) => `${receipt}.x`, /compact JWS/],
  ]) {
    spoil = how;
    await assert.rejects(list(), (error) => error instanceof ReceiptError && why.test(error.message), `${why}`);
  }
  spoil = (receipt) => receipt;
  await list();
  for (const [wrong, why] of [[{ clientId: "app_other" }, /app/], [{ grantId: "gra_other" }, /grant/]]) {
    await assert.rejects(connect({ ...options, ...wrong }).GET("/v1/conversations"), why);
  }
  const key = await connect(options).logKey();
  assert.ok((await connect({ ...options, logKey: key }).GET("/v1/conversations")).data);
  const other = key.replace(/\+([0-9a-f]{8})\+/, "+00000000+");
  await assert.rejects(connect({ ...options, logKey: other }).GET("/v1/conversations"), /does not name the key/);
});

test("events come as they happen, go on after the last one, and end with the access", async () => {
  const options = await signIn("Live", true);
  const waxseal = connect(options);
  const [friend] = (await waxseal.GET("/v1/friends")).data.items;
  const path = { conversation: (await waxseal.POST("/v1/conversations", { body: { participants: [friend.id] } })).data.id };
  const send = async (text) => {
    const header = { "Idempotency-Key": crypto.randomUUID() };
    const body = { content: { type: "text", text } };
    const sent = await waxseal.POST("/v1/conversations/{conversation}/messages", { params: { path, header }, body });
    assert.equal(sent.response.status, 201);
  };
  const message = async (events) => {
    // A stream that goes on looks back some seconds, and may tell of other conversations what it told before.
    for await (const event of events) {
      if (event.event === "message" && event.data.conversation === path.conversation) return event;
    }
  };
  const events = waxseal.events();
  assert.equal((await events.next()).value.event, "grant");
  await send("first");
  const first = await message(events);
  assert.equal(first.data.content.text, "first");
  assert.ok(first.data.receipt);
  await send("while nobody listens");
  assert.equal((await message(waxseal.events(first.id))).data.content.text, "while nobody listens");
  const rest = waxseal.events();
  await rest.next();
  await waxseal.DELETE("/v1/grant");
  const last = [];
  for await (const { event } of rest) last.push(event);
  assert.equal(last.at(-1), "revoked");
});
