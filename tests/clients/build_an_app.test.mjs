// docs/build-an-app.md, followed to the letter: what stands in its boxes is run in their order, and its person opens the browser.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { Person, SERVER } from "./stage.mjs";

const PAGE = new URL("../../docs/build-an-app.md", import.meta.url);
const WAIT_MS_MAX = 60_000;

let folder;
const running = [];
before(async () => (folder = await mkdtemp(join(tmpdir(), "waxseal-page-"))));
after(async () => {
  for (const child of running) {
    if (child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, "SIGINT");
      await once(child, "exit");
    }
  }
  await rm(folder, { recursive: true, force: true });
});

/** A port that nobody listens on: the page says 8080, where something else may listen here. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Runs a box in a shell, in the page's folder; `said` gets its lines as they come. */
function shell(text, said = () => {}) {
  const path = `${dirname(SERVER)}${delimiter}${process.env.PATH}`;
  const child = spawn("sh", ["-ec", text], { cwd: folder, env: { ...process.env, PATH: path }, detached: true });
  running.push(child);
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      said(line);
    });
  }
  return { child, lines };
}

async function done({ child, lines }) {
  const late = setTimeout(() => process.kill(-child.pid, "SIGKILL"), WAIT_MS_MAX);
  const [code] = await once(child, "close");
  clearTimeout(late);
  assert.equal(code, 0, lines.join("\n"));
  return lines;
}

/** The first line that matches, as it comes. */
const heard = (text, wanted) => {
  const { promise, resolve, reject } = Promise.withResolvers?.() ?? withResolvers();
  const at = shell(text, (line) => wanted.test(line) && resolve(wanted.exec(line)));
  at.child.once("exit", () => reject(new Error(`it ended before it said ${wanted}:\n${at.lines.join("\n")}`)));
  return { ...at, line: promise };
};

function withResolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

test("who follows the page sends and reads a first message", async () => {
  const port = await freePort();
  const page = (await readFile(PAGE, "utf8")).replaceAll("127.0.0.1:8080", `127.0.0.1:${port}`);
  const boxes = [...page.matchAll(/^```(\S+)(?: (\S+))?\n(.*?)^```$/gms)].map(([, kind, name, text]) => ({ kind, name, text }));
  assert.equal(boxes.length, 7, "the boxes of the page");
  const password = /^echo "(.*)" > password$/m.exec(page)[1];
  const ada = new Person(`http://127.0.0.1:${port}`, "ada", password);
  let said = [];
  for (const { kind, name, text } of boxes) {
    if (name === "server") {
      await heard(text, /listening on/).line;
    } else if (name === "browser") {
      const running = heard(text, /^Open (http\S+)$/);
      const back = await ada.goThrough((await running.line)[1]);
      assert.match(await (await fetch(back)).text(), /close this window/);
      said = await done(running);
    } else if (kind === "sh") {
      await done(shell(text));
    } else {
      await writeFile(join(folder, name), text);
    }
  }
  assert.ok(page.includes(`\`${said.at(-1)}\``), `the page says how it ends, and it ends with: ${said.at(-1)}`);
  assert.match(said.find((line) => line.startsWith("Granted:")), /"actions":\["list","read","send"\]/);
  assert.equal(said.filter((line) => line.includes("receipt ey")).length, 3);
});
