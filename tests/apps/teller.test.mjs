// Teller beside the demo: a friend is paid, the receipt is posted with a right that is spent by it, and the bank proves that it
// read nothing.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { SERVER } from "../browser/stage.mjs";
import { faults, open, raise, signIn, signedIn } from "./stage.mjs";

let stage;
before(async () => {
  stage = await raise("teller");
});
after(() => stage?.lower());

/** A customer on the account page. */
async function customer(handle, options) {
  const page = await stage.page(options);
  await page.goto(stage.app);
  await page.click("#sign-in");
  await signIn(page, handle);
  await page.waitForURL((url) => url.pathname === "/consent" || url.origin === stage.app);
  // Who let it know her name before is not asked again.
  if (new URL(page.url()).pathname === "/consent") await page.locator('button[name="decision"][value="allow"]').click();
  await page.waitForURL(`${stage.app}/`);
  return page;
}

async function pay(page, to, amount, note) {
  await page.fill("#to", to);
  await page.fill("#amount", amount);
  await page.fill("#note", note);
  await page.locator('form[action="/pay"] button').click();
}

test("a friend is paid, and the receipt is posted once with a right that is gone then", async () => {
  const page = await customer("ada", { javaScriptEnabled: false });
  assert.match(await page.locator("#balance").textContent(), /^500\.00 XTS$/);
  await pay(page, "@ben", "12,5", "Tickets for Saturday");
  await page.waitForURL((url) => url.pathname.startsWith("/payments/TB-"));
  const reference = new URL(page.url()).pathname.split("/").pop();
  await page.click("#post");
  const consent = await page.locator("main").textContent();
  assert.match(consent, /Teller/);
  assert.equal(await page.locator('input[name="action"]').count(), 1, "it asks for one thing");
  await page.locator("label", { hasText: "Ben Okoye" }).locator('input[name="conversation"]').first().check();
  await page.locator('button[name="decision"][value="allow"]').click();
  await page.waitForURL((url) => url.pathname === `/payments/${reference}`);
  assert.match(await page.locator("#posted").textContent(), /receipt is posted/);
  assert.match(await page.locator("#access-record").textContent(), /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.equal(await page.locator("#post").count(), 0, "a second time is not offered");
  await page.goto(stage.app);
  assert.match(await page.locator("#balance").textContent(), /^487\.50/);

  const ben = await signedIn(stage, "ben");
  await open(ben, "Ada");
  const receipt = ben.locator("li.message", { hasText: reference });
  await receipt.waitFor();
  assert.match(await receipt.textContent(), /12\.50/);
  assert.match(await receipt.textContent(), /Teller/);
  const account = await customer("ben");
  assert.match(await account.locator("#balance").textContent(), /^512\.50/);

  await page.goto("/apps");
  const apps = await page.locator("main").textContent();
  assert.match(apps, /Teller may sign you in\. It cannot see or touch your messages\./, "the right to send is spent");
  assert.deepEqual(page.complaints.concat(ben.complaints, account.complaints), []);
});

test("who picks nothing, or lets nothing in, has paid all the same and posted nothing", async () => {
  const page = await customer("chiyo");
  await pay(page, "ada", "1", "");
  await page.waitForURL((url) => url.pathname.startsWith("/payments/TB-"));
  const payment = page.url();
  await page.click("#post");
  await page.locator('button[name="decision"][value="deny"]').click();
  await page.waitForURL((url) => url.pathname === "/posted");
  assert.match(await page.locator("h1").textContent(), /Nothing was posted/);
  await page.goto(payment);
  assert.equal(await page.locator("#post").count(), 1);
});

test("what cannot be paid is said, and moves nothing", async () => {
  const page = await customer("dario");
  for (const [to, amount, says] of [["@ben", "501", "not that much"], ["@ben", "1.234", "as 12.50"], ["@dario", "1", "your own"]]) {
    await pay(page, to, amount, "");
    assert.match(await page.locator('[role="alert"]').textContent(), new RegExp(says));
  }
  assert.match(await page.locator("#balance").textContent(), /^500\.00/);
});

test("the bank proves 0 reads, with a file that anyone can check", async () => {
  const page = await stage.page();
  await page.goto(`${stage.app}/proof`);
  assert.match(await page.locator("#reads").textContent(), /^0 reads$/);
  assert.match(await page.locator("#proved").textContent(), /Teller \(app_\w+\) made .*0 reads.* in this time/);
  const file = await (await page.request.get(`${stage.app}/proof/evidence.zip`)).body();
  const key = (await (await page.request.get("/ledger/key")).text()).trim();
  const folder = mkdtempSync(join(tmpdir(), "waxseal-teller-"));
  try {
    writeFileSync(join(folder, "evidence.zip"), file);
    writeFileSync(join(folder, "log.key"), `${key}\n`);
    const said = execFileSync(SERVER, ["verify", "--bundle", join(folder, "evidence.zip"), "--key", join(folder, "log.key")]);
    assert.match(said.toString(), /0 reads/);
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.deepEqual(page.complaints, []);
});

for (const [width, height] of [[390, 844], [1280, 900]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`every page fits ${width} pixels in ${colorScheme}`, async () => {
      const page = await customer("hana", { viewport: { width, height }, colorScheme });
      await pay(page, "@ines", "3.20", "A coffee that was rather good");
      await page.waitForURL((url) => url.pathname.startsWith("/payments/TB-"));
      for (const path of [new URL(page.url()).pathname, "/", "/proof", "/nowhere"]) {
        await page.goto(`${stage.app}${path}`);
        assert.deepEqual(await faults(page), [], path);
        const name = path.replace(/\W+/g, "-");
        if (process.env.WAXSEAL_SHOTS) await page.screenshot({ path: `${process.env.WAXSEAL_SHOTS}/teller${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
    });
  }
}
