// A real server with invented people, and a real browser to look at it.
// Invariant: what a page complains of (errors, blocked content, failed requests) is kept, and nothing outlives its test.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

export const SERVER = process.env.WAXSEAL_BIN ?? new URL("../../target/debug/waxseal", import.meta.url).pathname;
const CHROMIUM = process.env.WAXSEAL_CHROMIUM ?? "/usr/bin/chromium";
const START_MS_MAX = 30_000;
// A browser that talks to our server and to nobody else, and that also runs as root in a container.
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Raises a stage for the tests of one file, reached as `host`.
 * `page(options)` opens a page as a visitor without cookies, with Playwright's context options
 * (`viewport`, `javaScriptEnabled`, `colorScheme`, …); addresses are relative to the server; `page.complaints` lists
 * what went wrong in it so far.
 */
export async function raise({ host = "127.0.0.1" } = {}) {
  const server = await startServer(host);
  try {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    return {
      url: server.url,
      apps: server.apps,
      async page(options = {}) {
        const context = await browser.newContext({ baseURL: server.url, ...options });
        return watched(await context.newPage());
      },
      async lower() {
        await browser.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/**
 * Starts `waxseal demo` on a free port; resolves when it has said all that it has to say: where to look, and how to start
 * each of its apps, of which `apps` keeps `{ id, secret }` by name.
 */
async function startServer(host) {
  const server = spawn(SERVER, ["demo", "--listen", `${host}:0`], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(server, "exit");
  const kill = () => server.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    server.kill("SIGINT");
    await ended;
    process.off("exit", kill);
  };
  const said = [];
  let url;
  const apps = {};
  const ready = new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no address after ${START_MS_MAX} ms`)), START_MS_MAX);
    const settle = (how, value) => (clearTimeout(late), how(value));
    for (const stream of [server.stdout, server.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        url ??= line.match(/http:\/\/(?:127\.0\.0\.1|localhost):\d+/)?.[0];
        const app = line.match(/(?:CLIENT_SECRET=(\S+) )?cargo xtask app (\w+) .*--client-id (\S+)/);
        if (app) apps[app[2]] = { id: app[3], secret: app[1] };
        if (line.includes("Ctrl-C")) settle(resolve);
      });
    }
    ended.then(([code]) => settle(reject, new Error(`it ended with ${code}`)), (error) => settle(reject, error));
  });
  try {
    await ready;
    return { url, apps, stop };
  } catch (error) {
    kill();
    throw new Error(`${SERVER} demo did not start: ${error.message}\n${said.join("\n")}`);
  }
}

/** Keeps what `page` complains of in `page.complaints`. Chromium reports blocked content as console errors. */
function watched(page) {
  page.complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error") page.complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => page.complaints.push(`script: ${error.message}`));
  page.on("response", (response) => {
    if (response.status() >= 400) page.complaints.push(`${response.status()}: ${response.url()}`);
  });
  return page;
}
