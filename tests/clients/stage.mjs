// A real server with people and apps of the test's making, and a person's browser that keeps cookies and runs no script.
// Invariant: a stage has its own data folder and port, and nothing of it outlives its test.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

export const SERVER = process.env.WAXSEAL_BIN ?? new URL("../../target/debug/waxseal", import.meta.url).pathname;
const START_MS_MAX = 30_000;
const PASSWORD = "nine green bottles on a wall";
const run = promisify(execFile);

/** The most that an app of these tests may be granted, and what it asks for. */
export const CEILING = [
  {
    type: "messages",
    actions: ["list", "read", "send", "delete"],
    conversations: "all",
    since: "all",
    kinds: ["text", "card", "receipt"],
    expires_in: 31_536_000,
  },
];
export const DETAILS = [
  {
    type: "messages",
    actions: ["list", "read", "send"],
    conversations: "all",
    since: "all",
    purpose: "Holds the server to what clients expect",
  },
];

/** Raises a server; `more` are further options of `waxseal serve`. */
export async function raise(...more) {
  const folder = await mkdtemp(join(tmpdir(), "waxseal-clients-"));
  const server = await start(["serve", "--data", folder, "--listen", "127.0.0.1:0", ...more]);
  const command = async (...words) => (await run(SERVER, [...words, "--data", folder])).stdout;
  return {
    url: server.url,
    /** Any command of ours, against this server; its standard output. */
    command,
    /** A person with one friend and one conversation in which each has said something. */
    async person(handle) {
      await add(folder, handle);
      return new Person(server.url, handle);
    },
    async friends(one, other) {
      await command("person", "befriend", one.handle, other.handle);
    },
    /** Registers an app; `{ client_id, client_secret }`. */
    async app(name, redirectUris, ...options) {
      const ceiling = join(folder, `ceiling-${name}.json`);
      await writeFile(ceiling, JSON.stringify(CEILING));
      const uris = [redirectUris].flat().flatMap((uri) => ["--redirect-uri", uri]);
      const words = ["app", "add", "--name", name, "--partner", `${name} Ltd`, "--ceiling", ceiling, "--json"];
      return JSON.parse(await command(...words, ...uris, ...options));
    },
    /** A file that a command reads. */
    async file(name, content) {
      const path = join(folder, name);
      await writeFile(path, content);
      return path;
    },
    async lower() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function add(folder, handle) {
  const words = ["person", "add", handle, "--name", handle, "--password-stdin", "--data", folder];
  const child = spawn(SERVER, words, { stdio: ["pipe", "ignore", "pipe"] });
  const said = [];
  child.stderr.on("data", (piece) => said.push(piece));
  child.stdin.end(`${PASSWORD}\n`);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`person add ${handle}: ${Buffer.concat(said)}`);
}

/** Starts the server; resolves when it says where it listens. */
async function start(words) {
  const child = spawn(SERVER, words, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    child.kill("SIGINT");
    const late = setTimeout(kill, 10_000);
    await ended;
    clearTimeout(late);
    process.off("exit", kill);
  };
  const said = [];
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  const listening = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      said.push(line);
      const url = /listening on (http:\/\/\S+)/.exec(line)?.[1];
      if (url) resolve(url);
    });
    ended.then(() => reject(new Error(`the server ended:\n${said.join("\n")}`)));
    setTimeout(() => reject(new Error(`the server did not start:\n${said.join("\n")}`)), START_MS_MAX).unref();
  });
  try {
    return { url: await listening, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Somebody with a browser: cookies and forms, no script. */
export class Person {
  #site;
  #password;
  #cookies = new Map();

  constructor(site, handle, password = PASSWORD) {
    this.#site = site;
    this.#password = password;
    this.handle = handle;
  }

  /**
   * Runs an app that is another program: it is given JSON in a line, and asks with `open URL` to have her walked through an
   * address; it is told where she left the server. It must end well.
   */
  async plays([program, ...words], given) {
    const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
    const said = [];
    child.stderr.on("data", (piece) => said.push(piece));
    child.stdin.write(`${JSON.stringify(given)}\n`);
    const failures = [];
    createInterface({ input: child.stdout }).on("line", (line) => {
      const walk = async () => {
        const left = await this.goThrough(line.replace(/^open /, ""));
        child.stdin.write(`${left}\n`);
      };
      walk().catch((error) => {
        failures.push(error);
        child.kill();
      });
    });
    const [code] = await once(child, "exit");
    assert.deepEqual(failures, []);
    assert.equal(code, 0, Buffer.concat(said).toString());
  }

  /**
   * Follows a sign-in of an app from its first address, signs in where asked and answers `decision` where asked.
   * Returns the address at which it leaves this site, which nobody opens; of a device, that of the page that says it is done.
   */
  async goThrough(address, decision = "allow") {
    let page = await this.open(address);
    for (let step = 0; step < 12; step += 1) {
      if (page.left) return new URL(page.left);
      if (new URL(page.at).searchParams.has("done")) return new URL(page.at);
      const ours = ["/sign-in", "/sign-in/again", "/device", "/consent"];
      const form = forms(page.html).find((one) => ours.includes(path(one.action)));
      if (!form) throw new Error(`no way on from ${page.at}:\n${words(page.html)}`);
      const fields = new Map(form.fields);
      if (path(form.action).startsWith("/sign-in")) {
        fields.set("handle", this.handle).set("password", this.#password);
        page = await this.open(form.action, new URLSearchParams([...fields]));
      } else {
        const sent = [...form.fields, ["decision", decision]];
        page = await this.open(form.action, new URLSearchParams(sent));
      }
    }
    throw new Error(`went round in circles: ${page.at}`);
  }

  /** Opens an address, or sends a form to it, and follows redirects within the site. */
  async open(address, body) {
    let at = new URL(address, this.#site);
    for (let step = 0; step < 12; step += 1) {
      if (at.origin !== new URL(this.#site).origin) return { left: at.href };
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const headers = { accept: "text/html", ...(cookie && { cookie }) };
      if (body) Object.assign(headers, { origin: this.#site, "sec-fetch-site": "same-origin" });
      const method = body ? "POST" : "GET";
      const answer = await fetch(at, { method, body, headers, redirect: "manual" });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (value === "" || /max-age=0/i.test(line)) this.#cookies.delete(name);
        else this.#cookies.set(name, value);
      }
      const to = answer.headers.get("location");
      if (!to) return { at: at.href, status: answer.status, html: await answer.text() };
      await answer.body?.cancel();
      at = new URL(to, at);
      body = undefined;
    }
    throw new Error(`redirected in a circle at ${at}`);
  }
}

const path = (action) => action.split("?")[0];
const text = (html) =>
  html.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replace(/&quot;/g, '"').replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">").replace(/&amp;/g, "&");
const words = (html) => text(html.replace(/<[^>]*>/g, " ")).replace(/\s+/g, " ").trim();
const attribute = (tag, name) => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return found && text(found[1]);
};

/** The forms of a page as a browser without script would send them: enough of a parser for pages that we wrote. */
export function forms(html) {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, head, body]) => {
    const fields = [];
    for (const [tag] of body.matchAll(/<(?:input|textarea|select)\b[^>]*>(?:(?=[^]*?<\/select>))?/g)) {
      const name = attribute(tag, "name");
      const type = attribute(tag, "type") ?? "text";
      if (!name || /\sdisabled\b/.test(tag)) continue;
      if (tag.startsWith("<select")) {
        const options = body.slice(body.indexOf(tag)).split("</select>")[0];
        const chosen = [...options.matchAll(/<option\b[^>]*>/g)].map(([option]) => option);
        const one = chosen.find((option) => /\sselected\b/.test(option)) ?? chosen[0];
        if (one) fields.push([name, attribute(one, "value") ?? ""]);
      } else if (["checkbox", "radio"].includes(type)) {
        if (/\schecked\b/.test(tag)) fields.push([name, attribute(tag, "value") ?? "on"]);
      } else if (!["submit", "button"].includes(type)) {
        fields.push([name, attribute(tag, "value") ?? ""]);
      }
    }
    return { action: attribute(`<form${head}>`, "action") ?? "", fields };
  });
}
