// `/verify` in a real browser, offline: the same verdict, sentence by sentence, as `waxseal verify --bundle` gives on the
// same files, good and tampered with.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { crc32 } from "node:zlib";
import { SERVER, raise } from "./stage.mjs";

const PASSWORD = "waxseal-demo";

let stage, folder, good, key;
before(async () => {
  stage = await raise();
  folder = mkdtempSync(join(tmpdir(), "waxseal-verify-"));
  const page = await signedIn("ada");
  good = await (await page.request.get("/apps/evidence")).body();
  key = (await (await page.request.get("/ledger/key")).text()).trim();
  await page.close();
});
after(async () => {
  await stage?.lower();
  if (folder) rmSync(folder, { recursive: true });
});

async function signedIn(handle) {
  const page = await stage.page();
  await page.goto("/sign-in");
  await page.fill('input[name="handle"]', handle);
  await page.fill('input[name="password"]', PASSWORD);
  await page.locator('form:has(input[name="password"]) button').first().click();
  await page.waitForURL((url) => url.pathname === "/");
  return page;
}

/** The members of a zip file that are stored as they are. */
function unzipped(file) {
  const members = new Map();
  for (let at = 0; file.readUInt32LE(at) === 0x04034b50; ) {
    const [length, nameLength, extra] = [file.readUInt32LE(at + 18), file.readUInt16LE(at + 26), file.readUInt16LE(at + 28)];
    const name = file.toString("utf8", at + 30, at + 30 + nameLength);
    const from = at + 30 + nameLength + extra;
    members.set(name, file.subarray(from, from + length));
    at = from + length;
  }
  return members;
}

function zipped(members) {
  const [parts, central] = [[], []];
  let offset = 0;
  for (const [name, content] of members) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(33, 8);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(content.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const line = Buffer.alloc(14);
    line.writeUInt32LE(offset, 10);
    central.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), fields, line, Buffer.from(name));
    const local = [Buffer.from("PK\x03\x04"), fields, Buffer.from(name), content];
    parts.push(...local);
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const table = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(members.size, 8);
  end.writeUInt16LE(members.size, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, table, end]);
}

/** The good file with its document or one of its members altered. */
function altered(alter) {
  const members = unzipped(good);
  const evidence = JSON.parse(members.get("evidence.json").toString());
  alter(evidence, members);
  members.set("evidence.json", Buffer.from(JSON.stringify(evidence)));
  return zipped(members);
}

const flipped = (text) => (text.startsWith("A") ? "B" : "A") + text.slice(1);

const FILES = {
  "as the server made it": () => good,
  "put together anew": () => altered(() => {}),
  "a count lowered": () => altered((evidence) => (evidence.grants[0].claim.held.counts.read -= 1)),
  "the person's count lowered": () => altered((evidence) => (evidence.person.held.counts.list = 0)),
  "a count denied": () => altered((evidence) => (evidence.grants[0].claim.held = null)),
  "an access left out": () => altered((evidence) => evidence.grants[0].accesses.splice(1, 1)),
  "the last access left out": () => altered((evidence) => evidence.grants[0].accesses.pop()),
  "a grant left out": () => altered((evidence) => evidence.grants.pop()),
  "an access listed twice": () =>
    altered((evidence) => evidence.grants[0].accesses.push(evidence.grants[0].accesses[0])),
  "another's salt": () =>
    altered(({ grants: [{ accesses }] }) => (accesses[0].salt = accesses[1].salt)),
  "another's opening": () =>
    altered(({ grants: [{ accesses }] }) => (accesses[0].opening = accesses[1].opening)),
  "a record changed": () =>
    altered(({ grants: [{ accesses }] }) => (accesses[1].record = accesses[1].record.replace(/"count":\d+/, '"count":9'))),
  "a change of the grant changed": () =>
    altered(({ grants: [{ changes }] }) => (changes[0].record = changes[0].record.replace(/"at":"20/, '"at":"19'))),
  "an app renamed": () =>
    altered(({ apps: [{ registered }] }) => (registered.record = registered.record.replaceAll("Jukebox", "Jokebox"))),
  "an entry moved": () => altered((evidence) => (evidence.maps[0].index += 1)),
  "a hash altered": () => altered((evidence) => (evidence.tree[0] = flipped(evidence.tree[0] ?? "A"))),
  "no map": () => altered((evidence) => (evidence.maps = [])),
  "an older size claimed": () =>
    altered((_, members) =>
      members.set("checkpoint", Buffer.from(members.get("checkpoint").toString().replace(/\n\d+\n/, "\n3\n")))),
  "another key": () =>
    altered((_, members) => members.set("key", Buffer.from(flipped(members.get("key").toString())))),
  "a member too many": () => altered((_, members) => members.set("../../etc/passwd", Buffer.from("root"))),
  "a member missing": () => altered((_, members) => members.delete("checkpoint")),
  "another format": () => altered((evidence) => (evidence.format = "waxseal evidence v2")),
  "cut short": () => good.subarray(0, good.length - 1),
  "a bit flipped": () => Buffer.from(good.map((byte, at) => (at === 900 ? byte ^ 4 : byte))),
  "no zip file": () => Buffer.from("this is no zip file at all, and longer than its end"),
  nothing: () => Buffer.alloc(0),
};

/** What the command says of a file. */
function commanded(path, args = []) {
  try {
    return JSON.parse(execFileSync(SERVER, ["verify", "--bundle", path, "--json", ...args], { stdio: ["ignore", "pipe", "ignore"] }));
  } catch (ended) {
    assert.equal(ended.status, 3);
    return JSON.parse(ended.stdout);
  }
}

test("the page and the command say the same of every file", async () => {
  const page = await stage.page();
  const response = await page.goto("/verify");
  const policy = response.headers()["content-security-policy"];
  assert.match(policy, /connect-src 'none'/);
  assert.match(policy, /form-action 'none'/);
  await page.waitForSelector("[data-verify]:not([hidden])");
  await page.context().setOffline(true);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  const verdicts = new Set();
  for (const [name, make] of Object.entries(FILES)) {
    const path = join(folder, `${name.replaceAll(/\W/g, "-")}.zip`);
    writeFileSync(path, make());
    const said = commanded(path);
    await page.setInputFiles('input[name="bundle"]', path);
    await page.locator("[data-verify] button").click();
    await page.waitForSelector(`[data-verdict="${said.verified ? "holds" : "wrong"}"]:not([hidden])`, { timeout: 10_000 });
    const shown = await page.locator("[data-verdict] li").allTextContents();
    if (said.verified) assert.deepEqual(shown, [...said.proved, ...said.look_into, ...said.not_proved], name);
    // How JSON is refused each program says in its own words.
    else if (!said.findings[0].includes("evidence.json in it is not in the form")) assert.deepEqual(shown, said.findings, name);
    verdicts.add(said.verified);
  }
  assert.deepEqual(verdicts, new Set([true, false]));
  assert.deepEqual(asked, [], "nothing was asked of any server");
  assert.deepEqual(page.complaints, []);
});

test("keys, kept checkpoints and receipts count as they do for the command", async () => {
  const ada = await signedIn("ada");
  const grant = /\/apps\/(gra_[a-z0-9]+)/.exec(await (await ada.request.get("/apps")).text())[1];
  const receipt = (await (await ada.request.get(`/apps/${grant}/accesses/1/receipt`)).text()).trim();
  const forged = receipt.slice(0, -8) + flipped(receipt.slice(-8));
  const kept = join(folder, "kept");
  writeFileSync(kept, await (await ada.request.get("/ledger/checkpoint")).body());
  const path = join(folder, "newest.zip");
  writeFileSync(path, await (await ada.request.get("/apps/evidence")).body());
  const page = await stage.page();
  await page.goto("/verify");
  await page.waitForSelector("[data-verify]:not([hidden])");
  const other = "example.com/ledger+d8b80616+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
  for (const [given, args] of [
    [{ key }, ["--key", key]],
    [{ key, receipts: receipt }, ["--key", key, "--receipt", receipt]],
    [{ receipts: forged }, ["--receipt", forged]],
  ]) {
    const said = commanded(path, args);
    await page.setInputFiles('input[name="bundle"]', path);
    await page.fill('textarea[name="key"]', given.key ?? "");
    await page.fill('textarea[name="receipts"]', given.receipts ?? "");
    await page.locator("[data-verify] button").click();
    await page.waitForSelector(`[data-verdict="${said.verified ? "holds" : "wrong"}"]:not([hidden])`);
    const shown = await page.locator("[data-verdict] li").allTextContents();
    assert.deepEqual(shown, said.verified ? [...said.proved, ...said.look_into, ...said.not_proved] : said.findings);
  }
  // An older file against a checkpoint that was kept since: a replay.
  const old = join(folder, "as-the-server-made-it.zip");
  writeFileSync(old, good);
  const said = commanded(old, ["--since", kept]);
  const told = await page.evaluate(
    async ([bytes, since]) => verifyEvidence(new Uint8Array(bytes), { since }),
    [[...good], String(await (await ada.request.get("/ledger/checkpoint")).text())],
  );
  assert.equal(told.verified, said.verified);
  assert.deepEqual(told.findings, said.findings);
  await page.fill('textarea[name="key"]', other);
  await page.fill('textarea[name="receipts"]', "");
  await page.locator("[data-verify] button").click();
  await page.waitForSelector('[data-verdict="wrong"]:not([hidden])');
  assert.deepEqual(page.complaints, []);
});

test("it can be read and used at any width, light and dark, and without script it says what to do", async () => {
  for (const [width, colorScheme] of [[390, "light"], [1280, "dark"]]) {
    const page = await stage.page({ viewport: { width, height: 900 }, colorScheme });
    await page.goto("/verify");
    await page.waitForSelector("[data-verify]:not([hidden])");
    await page.setInputFiles('input[name="bundle"]', { name: "ada.zip", mimeType: "application/zip", buffer: good });
    await page.locator("[data-verify] button").press("Enter");
    await page.waitForSelector('[data-verdict="holds"]:not([hidden])');
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.ok(!wide, `it scrolls sideways at ${width}`);
    if (process.env.WAXSEAL_SHOTS) await page.screenshot({ path: join(process.env.WAXSEAL_SHOTS, `verify-${width}.png`), fullPage: true });
  }
  const bare = await stage.page({ javaScriptEnabled: false });
  await bare.goto("/verify");
  assert.match(await bare.locator("main").innerText(), /waxseal verify --bundle/);
});
