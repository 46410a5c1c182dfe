import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, watch, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openerOf, openInBrowser } from "./browser.js";

test("a page is opened where somebody sits at a terminal with a display, and nowhere else", () => {
  const terminal = { isTerminal: true, environment: {} };
  assert.deepEqual(openerOf("/p.html", { ...terminal, platform: "darwin" }), ["open", "/p.html"]);
  assert.deepEqual(openerOf("/p.html", { ...terminal, platform: "win32" }), ["cmd", "/c", "start", "", "/p.html"]);
  assert.equal(openerOf("/p.html", { ...terminal, platform: "linux" }), null);
  for (const name of ["DISPLAY", "WAYLAND_DISPLAY"]) {
    const environment = { [name]: ":0" };
    assert.deepEqual(openerOf("/p.html", { isTerminal: true, environment, platform: "linux" }), ["xdg-open", "/p.html"]);
    assert.equal(openerOf("/p.html", { isTerminal: false, environment, platform: "linux" }), null);
  }
});

test("the browser gets the page, and a desktop without one is no failure", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-browser-"));
  const path = process.env["PATH"];
  const desktop = { platform: "linux", isTerminal: true, environment: { DISPLAY: ":0" } } as const;
  try {
    process.env["PATH"] = join(folder, "nothing-here");
    openInBrowser("/p.html", desktop);
    await writeFile(
      join(folder, "xdg-open"),
      `#!/bin/sh\necho "$1" > ${join(folder, "half")}\n/bin/mv ${join(folder, "half")} ${join(folder, "opened")}\n`,
    );
    await chmod(join(folder, "xdg-open"), 0o755);
    process.env["PATH"] = folder;
    const stop = new AbortController();
    const seen = (async () => {
      for await (const { filename } of watch(folder, { signal: stop.signal })) if (filename === "opened") return;
    })();
    openInBrowser("/p.html", desktop);
    await seen;
    stop.abort();
    assert.equal(await readFile(join(folder, "opened"), "utf8"), "/p.html\n");
  } finally {
    process.env["PATH"] = path;
    await rm(folder, { recursive: true });
  }
});
