// What people do most, in a real browser: write to each other, let an app in, take it back.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { raise } from "./stage.mjs";

const PASSWORD = "waxseal-demo";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

let stage;
before(async () => {
  stage = await raise();
});
after(() => stage?.lower());

/** Signs someone in and leaves her on her conversations. */
async function signedIn(handle, options) {
  const page = await stage.page(options);
  await page.goto("/sign-in");
  await page.fill('input[name="handle"]', handle);
  await page.fill('input[name="password"]', PASSWORD);
  await page.locator('form:has(input[name="password"]) button').first().click();
  await page.waitForURL((url) => url.pathname === "/");
  return page;
}

/** The conversation of two, opened from the list. */
async function open(page, name) {
  await page.locator('a[href^="/conversations/con_"]', { hasText: name }).first().click();
  await page.waitForSelector('textarea[name="text"]');
}

test("a message appears at the other end without anyone reloading", async () => {
  const [ada, ben] = [await signedIn("ada"), await signedIn("ben")];
  await open(ada, "Ben");
  await open(ben, "Ada");
  const words = "Is the kettle on? 🫖 \u202eno disguise";
  await ada.fill('textarea[name="text"]', words);
  await ada.press('textarea[name="text"]', "Enter");
  await ben.locator("li.message", { hasText: "Is the kettle on?" }).waitFor();
  assert.deepEqual(ada.complaints.concat(ben.complaints), []);
});

test("without script one writes as well", async () => {
  const page = await signedIn("ada", { javaScriptEnabled: false });
  await open(page, "Ben");
  await page.fill('textarea[name="text"]', "Written by a browser that runs no script");
  await page.locator('form:has(textarea[name="text"]) button').first().click();
  await page.locator("li.message", { hasText: "that runs no script" }).waitFor();
  assert.deepEqual(page.complaints, []);
});

test("an app is let in as far as she ticks, is sent a code, and is taken out again", async () => {
  const app = createServer((_, response) => response.end("<title>the app</title>"));
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  try {
    const page = await signedIn("ben");
    const directory = await (await page.request.get("/directory.json")).json();
    const jukebox = directory.items.find((listed) => listed.name === "Jukebox");
    const details = [{ type: "messages", actions: ["read", "send"], conversations: "started", purpose: "Shows chats beside the music" }];
    const query = new URLSearchParams({
      response_type: "code",
      client_id: jukebox.id,
      redirect_uri: `http://127.0.0.1:${app.address().port}/callback`,
      scope: "openid",
      state: "s p@ce",
      code_challenge: CHALLENGE,
      code_challenge_method: "S256",
      authorization_details: JSON.stringify(details),
    });
    await page.goto(`/authorize?${query}`);
    assert.match(await page.locator("h1").textContent(), /Jukebox/);
    await page.locator('input[name="action"][value="send"]').uncheck();
    await page.locator('button[name="decision"][value="allow"]').click();
    await page.waitForURL((url) => url.pathname === "/callback");
    const back = new URL(page.url()).searchParams;
    assert.equal(back.get("state"), "s p@ce");
    assert.equal(back.get("iss"), stage.url);
    assert.ok(back.get("code"));

    await page.goto("/apps");
    await page.locator('a[href^="/apps/gra_"]').first().click();
    await page.locator('form[action$="/revoke"] button').first().click();
    await page.goto("/apps");
    assert.doesNotMatch(await page.locator("main").textContent(), /Read messages\s*\d+ messages? in/);
    assert.deepEqual(page.complaints, []);
  } finally {
    app.close();
  }
});

for (const [width, height] of [[390, 844], [1280, 900]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`every page fits ${width} pixels in ${colorScheme}`, async () => {
      const page = await signedIn("ada", { viewport: { width, height }, colorScheme });
      const grant = async () => {
        await page.goto("/apps");
        return page.locator('a[href^="/apps/gra_"]').first().getAttribute("href");
      };
      const talk = await page.locator('a[href^="/conversations/con_"]').first().getAttribute("href");
      const paths = ["/", talk, `${talk.split(/[?#]/)[0]}/apps`, "/friends", "/apps", await grant(), "/deleted", "/settings", "/settings/passkeys", "/settings/codes", "/notices", "/directory"];
      for (const path of paths) {
        await page.goto(path);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${path} is ${over} pixels too wide`);
        assert.equal(await page.locator("h1").count(), 1, `${path} has one h1`);
      }
      assert.deepEqual(page.complaints, []);
    });
  }
}
