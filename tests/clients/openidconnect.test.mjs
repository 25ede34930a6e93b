// The crate `openidconnect`: apps written in Rust. The person's side is played here, the app's in `openidconnect/src/main.rs`.

import { after, before, test } from "node:test";
import { DETAILS, raise } from "./stage.mjs";

const BUILT = "../../target/clients-rust/debug/waxseal-clients-openidconnect";
const PROGRAM = process.env.WAXSEAL_CLIENTS_RUST ?? new URL(BUILT, import.meta.url).pathname;
const REDIRECT = "http://127.0.0.1/callback";

let stage;
let ada;
before(async () => {
  stage = await raise();
  ada = await stage.person("ada");
});
after(() => stage?.lower());

const scenario = (app) => ada.plays([PROGRAM], { url: stage.url, details: DETAILS, ...app });

test("openidconnect signs a person in to a public app, checks the ID token, refreshes and revokes", async () => {
  await scenario(await stage.app("Desk", REDIRECT, "--public"));
});

test("with a secret it does, and asks what the token is worth", async () => {
  await scenario(await stage.app("Shop", REDIRECT, "--secret"));
});
