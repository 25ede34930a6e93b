// Jukebox in a real window on a screen that nobody sees, beside the demo: signed in through a browser, written in by keyboard,
// live, and over at once when she says so.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { raise as raiseServer } from "../browser/stage.mjs";
import { raise as raiseScreen } from "./screen.mjs";
import { APPS, open, signIn, signedIn, start } from "./stage.mjs";

/** Where the chat is on the screen: left, top, right, bottom. */
const CHAT = [650, 60, 1030, 520];
const TRIES = 100;

let server, screen, folder, jukebox;
before(async () => {
  [server, screen] = await Promise.all([raiseServer(), raiseScreen()]);
  folder = mkdtempSync(join(tmpdir(), "waxseal-jukebox-"));
});
after(async () => {
  await jukebox?.stop();
  await screen?.lower();
  await server?.lower();
  if (folder) rmSync(folder, { recursive: true });
});

/** Looks at the screen until it is as it should be; `page` gives the time to wait in. */
async function seen(page, what, is) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (is(screen.picture())) return;
    // A frame of the browser is as good a clock as any.
    await page.evaluate(() => new Promise((done) => setTimeout(done, 100)));
  }
  assert.fail(`the screen never showed: ${what}`);
}

test("she signs in, reads, writes and is answered without leaving the music, until she ends it", async () => {
  const session = join(folder, "session.json");
  const args = ["--waxseal", server.url, "--client-id", server.apps.jukebox.id, "--session", session, "--browser", "echo"];
  const opened = start(join(APPS, "jukebox"), args, { DISPLAY: screen.display, LIBGL_ALWAYS_SOFTWARE: "1" }, /^(http:\S+)/);
  screen.focus("Jukebox");
  const ada = await server.page();
  await seen(ada, "a window", (picture) => picture.colours() > 50);
  const blank = screen.picture();
  screen.key("Return");
  jukebox = await opened;

  await ada.goto(jukebox.found);
  await signIn(ada, "ada");
  assert.match(await ada.locator("h1").textContent(), /Jukebox/);
  await ada.locator('button[name="decision"][value="allow"]').click();
  await ada.getByText("go back to the app").waitFor();
  await seen(ada, "her chats", (picture) => picture.changed(blank, CHAT) > 8_000);
  assert.equal(statSync(session).mode & 0o777, 0o600, "only she can read what keeps her signed in");

  const ben = await signedIn(server, "ben");
  await open(ben, "Saturday's waltz");
  screen.type("Typed in a real window");
  screen.key("Return");
  const typed = ben.locator("li.message", { hasText: "Typed in a real window" });
  await typed.waitFor();
  assert.match(await typed.textContent(), /Jukebox/, "it is said whose app sent it");

  await seen(ada, "what she wrote", (picture) => picture.changed(blank, CHAT) > 8_000);
  const before = screen.picture();
  await ben.fill('textarea[name="text"]', "And this came by itself, without anyone asking for it");
  await ben.press('textarea[name="text"]', "Enter");
  await seen(ada, "what Ben answered", (picture) => picture.changed(before, CHAT) > 1_000);
  if (process.env.WAXSEAL_SHOTS) writeFileSync(join(process.env.WAXSEAL_SHOTS, "jukebox.png"), screen.picture().png());

  const talking = screen.picture();
  await ada.goto(`${server.url}/apps`);
  for (let grants = await ada.locator('a[href^="/apps/gra_"]', { hasText: "Jukebox" }).count(); grants > 0; grants -= 1) {
    await ada.goto(`${server.url}/apps`);
    await ada.locator('a[href^="/apps/gra_"]', { hasText: "Jukebox" }).first().click();
    await ada.locator('form[action$="/revoke"] button').first().click();
  }
  await seen(ada, "that it is over", (picture) => picture.changed(talking, CHAT) > 8_000);
  assert.deepEqual(ada.complaints.concat(ben.complaints), []);
});
