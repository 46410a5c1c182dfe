import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { type OutputStream, Terminal } from "./terminal.js";

/** A terminal of a given width that keeps its output. */
class Screen extends Writable {
  readonly isTTY = true;
  written = "";

  constructor(public columns: number) {
    super({ decodeStrings: false });
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.written += String(chunk);
    done();
  }

  take(): string {
    const { written } = this;
    this.written = "";
    return written;
  }
}

const terminalOn = (stderr: Screen, stdout = new Screen(80)): Terminal =>
  new Terminal({}, { stdout: stdout as OutputStream, stderr: stderr as OutputStream });

test("a line never wraps, and the next one is written over it", () => {
  const screen = new Screen(40);
  const terminal = terminalOn(screen);
  terminal.line("x".repeat(60));
  assert.equal(screen.take(), `${"x".repeat(38)}…`);
  terminal.line("next");
  assert.equal(screen.take(), "\x1b[1G\x1b[0Jnext");
});

test("after a terminal became narrower, all rows that the line wraps to are cleared", () => {
  const screen = new Screen(80);
  const terminal = terminalOn(screen);
  terminal.line("x".repeat(70));
  screen.take();
  screen.columns = 30;
  terminal.clear();
  assert.equal(screen.take(), "\x1b[2A\x1b[1G\x1b[0J");
});

test("several lines replace the ones before, and those below the end of the terminal are left out", () => {
  const screen = Object.assign(new Screen(40), { rows: 4 });
  const terminal = terminalOn(screen);
  terminal.lines(["first", "", "x".repeat(60), "no room"]);
  assert.equal(screen.take(), `first\n\n${"x".repeat(38)}…`);
  terminal.lines(["a\x1b[2J"]);
  assert.equal(screen.take(), "\x1b[2A\x1b[1G\x1b[0Ja\\x1b[2J");
});

test("results and notes hold nothing that a terminal takes for a command", () => {
  const [stdout, stderr] = [new Screen(80), new Screen(80)];
  const terminal = terminalOn(stderr, stdout);
  terminal.result({}, "a\x1b[2Jb\n");
  terminal.note("c\x1b]0;title\x07");
  assert.deepEqual([stdout.take(), stderr.take()], ["a\\x1b[2Jb\n", "c\\x1b]0;title\\x07\n"]);
});
