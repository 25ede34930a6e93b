// Marquee beside the demo: a film is recommended without any right; a film night is planned with a small one, and ended.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { faults, open, raise, signIn, signedIn } from "./stage.mjs";

let stage;
before(async () => {
  stage = await raise("marquee");
});
after(() => stage?.lower());

test("films are browsed and found without signing in", async () => {
  const page = await stage.page();
  const response = await page.goto(stage.app);
  assert.match(response.headers()["content-security-policy"], /default-src 'none'/);
  assert.equal(await page.locator(".films li").count(), 12);
  await page.fill("#q", "lighthouse");
  await page.press("#q", "Enter");
  await page.locator(".films a", { hasText: "The Last Lighthouse Keeper" }).click();
  assert.match(await page.locator("h1").textContent(), /Lighthouse Keeper/);
  assert.deepEqual(page.complaints, []);
});

test("a film is recommended through the share sheet, and Marquee learns that it was sent", async () => {
  const page = await stage.page({ javaScriptEnabled: false });
  const asked = [];
  page.on("request", (request) => request.isNavigationRequest() && asked.push(request.url()));
  await page.goto(`${stage.app}/films/tide-tables`);
  await page.click("#recommend");
  await signIn(page, "ada");
  await page.locator("#friends label", { hasText: "Ben" }).locator("input").check();
  await page.fill("#note", "This one, on Sunday?");
  await page.click("#send");
  await page.waitForURL((url) => url.pathname === "/films/tide-tables");
  assert.match(await page.locator('[role="status"]').textContent(), /Sent/);
  const back = asked.map((url) => new URL(url)).find((url) => url.pathname === "/shared");
  assert.deepEqual([...back.searchParams.keys()].sort(), ["sent", "state"]);
  assert.deepEqual(page.complaints, []);

  const ben = await signedIn(stage, "ben");
  await open(ben, "Ada");
  const card = ben.locator("li.message", { hasText: "Tide Tables" });
  await card.waitFor();
  assert.match(await card.textContent(), /This one, on Sunday\?/);
  assert.match(await card.textContent(), /Marquee/);
});

test("who cancels comes back to the film, and nothing is said to be sent", async () => {
  const page = await stage.page();
  await page.goto(`${stage.app}/films/overtime/recommend`);
  await signIn(page, "chiyo");
  await page.click("#cancel");
  await page.waitForURL((url) => url.pathname === "/films/overtime");
  assert.equal(await page.locator('[role="status"]').count(), 0);
});

test("an answer that this browser did not ask for is taken for none", async () => {
  const page = await stage.page();
  const response = await page.goto(`${stage.app}/shared?sent=1&state=guessed.overtime`);
  assert.equal(response.status(), 400);
});

test("a film night is planned, answered and read, and Marquee sees no other conversation", async () => {
  const page = await stage.page({ javaScriptEnabled: false });
  await page.goto(`${stage.app}/films/paper-moons`);
  await page.click("#plan");
  await page.click("#sign-in");
  await signIn(page, "dario");
  assert.match(await page.locator("h1").textContent(), /Marquee/);
  await page.locator('button[name="decision"][value="allow"]').click();
  await page.waitForURL((url) => url.pathname === "/films/paper-moons/plan");
  await page.fill("#plan-friends", "@ines, nobody-here");
  await page.fill("#plan-note", "Friday at mine?");
  await page.locator("main form button").click();
  assert.match(await page.locator('[role="alert"]').textContent(), /not your friend/);
  await page.fill("#plan-friends", "@ines");
  await page.locator("main form button").click();
  await page.waitForURL((url) => url.pathname.startsWith("/inbox/con_"));
  assert.match(await page.locator("#messages").textContent(), /Paper Moons\s*Friday at mine\?/);

  const ines = await signedIn(stage, "ines");
  await open(ines, "Film night: Paper Moons");
  await ines.fill('textarea[name="text"]', "I bring the popcorn <b>salted</b>");
  await ines.locator('form:has(textarea[name="text"]) button').first().click();
  await ines.locator("li.message", { hasText: "popcorn" }).waitFor();

  await page.click("#again");
  assert.match(await page.locator("#messages").textContent(), /popcorn <b>salted<\/b>/);
  await page.fill("#text", "Deal");
  await page.locator(".answer button").click();
  await page.locator("#messages .mine", { hasText: "Deal" }).waitFor();
  await ines.locator("li.message", { hasText: "Deal" }).waitFor();

  await page.goto(`${stage.app}/inbox`);
  assert.equal(await page.locator(".items li").count(), 1, "only what was started here");
  assert.deepEqual(await faults(page), []);
  await page.click("#hand-back");
  await page.waitForURL(`${stage.app}/`);
  await page.goto(`${stage.app}/inbox`);
  assert.equal(await page.locator("#sign-in").count(), 1);
});

test("once she takes the access back, the inbox says so and shows nothing", async () => {
  const page = await stage.page();
  await page.goto(`${stage.app}/inbox`);
  await page.click("#sign-in");
  await signIn(page, "goran");
  await page.locator('button[name="decision"][value="allow"]').click();
  await page.waitForURL((url) => url.pathname === "/inbox");
  await page.goto("/apps");
  await page.locator('a[href^="/apps/gra_"]', { hasText: "Marquee" }).first().click();
  await page.locator('form[action$="/revoke"] button').first().click();
  await page.goto(`${stage.app}/inbox`);
  assert.match(await page.locator('[role="status"]').textContent(), /has ended/);
});

test("who lets nothing in keeps the films", async () => {
  const page = await stage.page();
  await page.goto(`${stage.app}/sign-in?to=//elsewhere.example/`);
  await signIn(page, "farid");
  await page.locator('button[name="decision"][value="deny"]').click();
  await page.waitForURL((url) => url.pathname === "/callback");
  assert.match(await page.locator("h1").textContent(), /As you like/);
});

test("a form of another site changes nothing", async () => {
  const page = await stage.page();
  for (const path of ["/sign-out", "/hand-back", "/films/overtime/plan"]) {
    const sent = await page.request.post(`${stage.app}${path}`, { form: { friends: "@ben" }, headers: { origin: "https://elsewhere.example" } });
    assert.equal(sent.status(), 403, path);
  }
});

for (const [width, height] of [[390, 844], [1280, 900]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`every page fits ${width} pixels in ${colorScheme}`, async () => {
      const page = await stage.page({ viewport: { width, height }, colorScheme });
      for (const path of ["/", "/?q=nothing+like+it", "/films/slow-train-to-ostrava", "/inbox"]) {
        await page.goto(`${stage.app}${path}`);
        assert.deepEqual(await faults(page), [], path);
        const name = path.replace(/\W+/g, "-");
        if (process.env.WAXSEAL_SHOTS) await page.screenshot({ path: `${process.env.WAXSEAL_SHOTS}/marquee${name}-${width}-${colorScheme}.png` });
      }
      assert.deepEqual(page.complaints, []);
    });
  }
}
