// A screen that nobody sees: Xvfb, what is on it, and keys that are pressed on it.
// Invariant: it is gone with its test.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { crc32, deflateSync } from "node:zlib";

const [WIDTH, HEIGHT] = [1040, 680];

/** Raises a screen; `display` is what programs are told of it. */
export async function raise() {
  const folder = mkdtempSync(join(tmpdir(), "waxseal-screen-"));
  const size = `${WIDTH}x${HEIGHT}x24`;
  const args = ["-displayfd", "1", "-screen", "0", size, "-fbdir", folder, "-nolisten", "tcp"];
  const xvfb = spawn("Xvfb", args, { stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(xvfb, "exit");
  process.once("exit", () => xvfb.kill("SIGKILL"));
  const number = await Promise.race([
    once(createInterface({ input: xvfb.stdout }), "line").then(([line]) => line.trim()),
    ended.then(([code]) => Promise.reject(new Error(`Xvfb ended with ${code}`))),
  ]);
  const env = { ...process.env, DISPLAY: `:${number}` };
  return {
    display: env.DISPLAY,
    /** Gives the keyboard to the window that is called so, once it is there. */
    focus: (name) => execFileSync("xdotool", ["search", "--sync", "--onlyvisible", "--name", name, "windowfocus", "--sync"], { env }),
    key: (name) => execFileSync("xdotool", ["key", name], { env }),
    type: (text) => execFileSync("xdotool", ["type", "--delay", "20", text], { env }),
    picture: () => picture(readFileSync(join(folder, "Xvfb_screen0"))),
    async lower() {
      xvfb.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Reads what Xvfb shows (the X window dump format). */
function picture(dump) {
  const word = (place) => dump.readUInt32BE(place * 4);
  const [head, width, height, line, colours] = [word(0), word(4), word(5), word(12), word(19)];
  const from = head + colours * 12;
  const at = (x, y) => from + y * line + x * 4;
  return {
    width,
    height,
    /** The colour of a pixel: red, green, blue. */
    pixel: (x, y) => [dump[at(x, y) + 2], dump[at(x, y) + 1], dump[at(x, y)]],
    /** How many pixels in a part of it differ from another picture's. */
    changed(other, [left, top, right, bottom]) {
      let count = 0;
      for (let y = top; y < bottom; y += 1) {
        for (let x = left; x < right; x += 1) if (`${this.pixel(x, y)}` !== `${other.pixel(x, y)}`) count += 1;
      }
      return count;
    },
    /** How many colours there are. */
    colours() {
      const seen = new Set();
      for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) seen.add(`${this.pixel(x, y)}`);
      return seen.size;
    },
    /** The same as a PNG file. */
    png() {
      const rows = Buffer.alloc(height * (1 + width * 3));
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) rows.set(this.pixel(x, y), y * (1 + width * 3) + 1 + x * 3);
      }
      const header = Buffer.alloc(13);
      header.writeUInt32BE(width, 0);
      header.writeUInt32BE(height, 4);
      header.set([8, 2, 0, 0, 0], 8);
      const chunk = (name, content) => {
        const body = Buffer.concat([Buffer.from(name), content]);
        const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
        length.writeUInt32BE(content.length);
        sum.writeUInt32BE(crc32(body));
        return Buffer.concat([length, body, sum]);
      };
      const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
      return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
    },
  };
}
