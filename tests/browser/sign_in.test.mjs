// The first page that anyone sees.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { raise } from "./stage.mjs";

let stage;
before(async () => {
  stage = await raise();
});
after(() => stage?.lower());

test("the sign-in page opens, says whose it is, and complains of nothing", async () => {
  const page = await stage.page();
  const response = await page.goto("/sign-in");
  assert.equal(response.status(), 200);
  assert.ok(response.headers()["content-security-policy"], "it has a content security policy");
  assert.match(await page.title(), /Waxseal/);
  assert.equal(await page.locator('input[name="handle"]').count(), 1);
  assert.equal(await page.locator('input[name="password"]').count(), 1);
  assert.deepEqual(page.complaints, []);
});
