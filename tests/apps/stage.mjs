// An app of a partner beside the demo that it is registered with, and people who use both.
// Invariant: an app is started as the demo says, on a free port, and does not outlive its test.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { raise as raiseServer } from "../browser/stage.mjs";

export const APPS = process.env.WAXSEAL_APPS ?? new URL("../../target/debug", import.meta.url).pathname;
export const PASSWORD = "waxseal-demo";
const START_MS_MAX = 30_000;

/** Starts a program and resolves with what its first line on standard output that matches says. */
export async function start(program, args, env, pattern) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const said = [];
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  const lines = createInterface({ input: child.stdout });
  const found = new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      said.push(line);
      const match = line.match(pattern);
      if (match) resolve(match[1]);
    });
    ended.then(([code]) => reject(new Error(`it ended with ${code}`)), reject);
    setTimeout(() => reject(new Error("it said nothing in time")), START_MS_MAX).unref();
  });
  try {
    const stop = async () => {
      child.kill("SIGINT");
      await ended;
      process.off("exit", kill);
    };
    return { found: await found, lines, said, stop };
  } catch (error) {
    kill();
    throw new Error(`${program} did not start: ${error.message}\n${said.join("\n")}`);
  }
}

/** Raises the demo and a web app beside it; `app` is where that is. */
export async function raise(name) {
  const server = await raiseServer();
  try {
    const { id, secret } = server.apps[name];
    const args = ["--waxseal", server.url, "--client-id", id, "--listen", "127.0.0.1:0"];
    const env = secret ? { [`${name.toUpperCase()}_CLIENT_SECRET`]: secret } : {};
    const app = await start(join(APPS, name), args, env, / is at (http:\S+)/);
    return {
      ...server,
      app: app.found,
      async lower() {
        await app.stop();
        await server.lower();
      },
    };
  } catch (error) {
    await server.lower();
    throw error;
  }
}

/** Signs in where Waxseal asks for it. */
export async function signIn(page, handle) {
  await page.fill('input[name="handle"]', handle);
  await page.fill('input[name="password"]', PASSWORD);
  await page.locator('form:has(input[name="password"]) button').first().click();
}

/** A page of Waxseal with someone signed in. */
export async function signedIn(stage, handle) {
  const page = await stage.page();
  await page.goto("/sign-in");
  await signIn(page, handle);
  await page.waitForURL((url) => url.pathname === "/");
  return page;
}

/** Opens the conversation that is called so in the list of a person's own pages. */
export async function open(page, called) {
  await page.goto("/");
  await page.locator('a[href^="/conversations/con_"]', { hasText: called }).first().click();
  await page.waitForSelector('textarea[name="text"]');
}

/** What does not fit, or is not said well, on a page as it stands. */
export async function faults(page) {
  return page.evaluate(() => {
    const found = [];
    const over = document.documentElement.scrollWidth - window.innerWidth;
    if (over > 0) found.push(`${over} pixels too wide`);
    if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
    for (const image of document.images) if (!image.hasAttribute("alt")) found.push(`no alt: ${image.src}`);
    for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
      if (!field.labels?.length) found.push(`no label: ${field.name}`);
    }
    if (document.querySelector("script, [style], style")) found.push("inline style or script");
    return found;
  });
}
