// Passkeys, with Chromium's own authenticator in the place of a device.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { raise } from "./stage.mjs";

let stage;
before(async () => {
  // Browsers make passkeys for names, and not for numbers.
  stage = await raise({ host: "localhost" });
});
after(() => stage?.lower());

/** Puts an authenticator into the browser of this page. */
async function authenticator(page, options = {}) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      ...options,
    },
  });
  return {
    passkeys: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    verified: (isUserVerified) => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    clear: () => devtools.send("WebAuthn.clearCredentials", { authenticatorId }),
  };
}

async function signUp(page, handle) {
  await page.goto("/sign-up");
  await page.fill("#handle", handle);
  await page.fill("#name", handle);
  await page.fill("#password", "a long word nobody has");
  await page.click("#submit");
  await page.waitForURL("/");
}

test("a passkey is made, signs in by itself, proves it again, and is removed", async () => {
  const page = await stage.page();
  const device = await authenticator(page);
  await signUp(page, "passkey-ada");
  await page.goto("/settings/passkeys");
  await page.fill("#name", "My laptop");
  await page.click("text=Add a passkey");
  await page.waitForSelector("text=Your passkey is added.");
  const made = await device.passkeys();
  assert.equal(made.length, 1);
  assert.equal(made[0].rpId, "localhost");
  assert.ok(made[0].isResidentCredential, "it can be found without a name");

  // The same device makes no second one.
  await page.click("text=Add a passkey");
  await page.waitForSelector("text=This device has a passkey for you already.");

  await page.goto("/sign-out");
  await page.click("main button");
  await page.goto("/sign-in?return_to=/settings/passkeys");
  await page.click("text=Use a passkey");
  await page.waitForURL("/settings/passkeys");
  assert.match(await page.textContent("#passkeys"), /My laptop.*last used/su);

  await page.goto("/sign-in/again?return_to=/friends");
  await page.click("text=Use a passkey");
  await page.waitForURL("/friends");

  await page.goto("/settings/passkeys");
  await page.click("text=Remove");
  await page.waitForSelector("text=You have no passkey yet.");
  assert.deepEqual(page.complaints, []);
});

test("who is not verified, or has no passkey here, is told so and goes on in another way", async () => {
  const page = await stage.page();
  const device = await authenticator(page);
  await signUp(page, "passkey-bea");
  await page.goto("/settings/passkeys");
  await device.verified(false);
  await page.click("text=Add a passkey");
  await page.waitForSelector("[role=alert]:not([hidden])");
  assert.equal((await device.passkeys()).length, 0);
  await device.verified(true);
  await page.click("text=Add a passkey");
  await page.waitForSelector("text=Your passkey is added.");
  await page.goto("/sign-out");
  await page.click("main button");
  await page.goto("/sign-in");
  await device.clear();
  await page.click("text=Use a passkey");
  await page.waitForSelector("text=Nothing came of it");
  await page.fill("#handle", "passkey-bea");
  await page.fill("#password", "a long word nobody has");
  await page.click("#submit");
  await page.waitForURL("/");
  assert.deepEqual(page.complaints, []);
});

test("without script no passkey is offered, and the password works", async () => {
  const page = await stage.page({ javaScriptEnabled: false });
  await page.goto("/sign-in");
  assert.equal(await page.locator("form[data-passkey]").isVisible(), false);
  assert.equal(await page.locator("#submit").isVisible(), true);
});
