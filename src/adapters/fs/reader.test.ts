import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { asNobody } from "../../../test/odd-images/nobody.js";
import { type ErrorCode, HeadraceError, type ImageRef } from "../../contracts/index.js";
import { fromFileError } from "./errors.js";
import { listFiles } from "./listing.js";
import { fileReader } from "./reader.js";

for (const calls of ["pool", "here"] as const)
  describe(`a reader whose calls are made: ${calls}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "files-"));
    chmodSync(folder, 0o755);
    after(() => rmSync(folder, { recursive: true }));

    const later = () => Date.now() + 60_000;

    function read(name: string, now: () => number = later) {
      const location = join(folder, name);
      const ref: ImageRef = { uri: location, location, scheme: "file", root: folder, version: null, sizeBytes: null, metadata: {} };
      return fileReader({ now, calls }).read(ref, { maxBytes: 1e9 }, new AbortController().signal);
    }

    /** A signal that never fires, and does `interfere` whenever it is looked at: after the file was, before its bytes are read. */
    function beforeReading(interfere: () => void): AbortSignal {
      return Object.defineProperty(new AbortController().signal, "aborted", {
        get: () => {
          interfere();
          return false;
        },
      });
    }

    const fails = (expected: ErrorCode) => (error: unknown) => HeadraceError.is(error) && error.code === expected && error.scope === "item";

    test("a folder is not a file", async () => {
      mkdirSync(join(folder, "folder.png"));
      await assert.rejects(read("folder.png"), fails("source_not_file"));
    });

    test("a folder that may not be entered is forbidden", async () => {
      mkdirSync(join(folder, "closed"), { mode: 0 });
      await assert.rejects(
        asNobody(() => read("closed")),
        fails("source_forbidden"),
      );
    });

    test("a pipe that nobody writes to is not waited for", { timeout: 5_000 }, async () => {
      execFileSync("mkfifo", [join(folder, "pipe.jpg")]);
      await assert.rejects(read("pipe.jpg"), fails("source_not_file"));
    });

    test("a device is not a file", async () => {
      symlinkSync("/dev/zero", join(folder, "zero.jpg"));
      await assert.rejects(read("zero.jpg"), fails("source_not_file"));
    });

    test("a name that no file can have, a file used as a folder and a circle of links are not found", async () => {
      writeFileSync(join(folder, "file"), "");
      symlinkSync("circle.jpg", join(folder, "circle.jpg"));
      for (const name of ["n".repeat(300), "file/a.jpg", "circle.jpg"]) await assert.rejects(read(name), fails("source_not_found"));
    });

    test("a file that changed less than two seconds ago is read, but its version not trusted", async () => {
      writeFileSync(join(folder, "young.jpg"), "young");
      const encoded = await read("young.jpg", Date.now);
      assert.equal(encoded.version, null);
      assert.equal(Buffer.from(encoded.bytes).toString(), "young");
    });

    test("a file that changes while it is read is read again", async () => {
      const path = join(folder, "grows.jpg");
      writeFileSync(path, "one");
      let readings = 0;
      const signal = beforeReading(() => {
        if (readings++ === 0) appendFileSync(path, " two");
      });
      const ref: ImageRef = { uri: path, location: path, scheme: "file", root: folder, version: null, sizeBytes: null, metadata: {} };
      const encoded = await fileReader({ now: later, calls }).read(ref, { maxBytes: 100 }, signal);
      assert.equal(Buffer.from(encoded.bytes).toString(), "one two");
    });

    test("a file that never rests is unreadable for now", async () => {
      const path = join(folder, "restless.jpg");
      writeFileSync(path, "one");
      const signal = beforeReading(() => appendFileSync(path, "more"));
      const ref: ImageRef = { uri: path, location: path, scheme: "file", root: folder, version: null, sizeBytes: null, metadata: {} };
      const reading = fileReader({ now: later, calls }).read(ref, { maxBytes: 100 }, signal);
      await assert.rejects(reading, (error) => HeadraceError.is(error) && error.code === "source_unreadable" && error.retryable);
    });

    test("a disk's error can be tried again and keeps its cause", () => {
      const cause = Object.assign(new Error("i/o error"), { code: "EIO" });
      const error = fromFileError(cause, "a.jpg");
      assert.equal(error.code, "source_unreadable");
      assert.equal(error.retryable, true);
      assert.equal(error.cause, cause);
      assert.equal(error.item, "a.jpg");
    });

    for (const [what, text] of [
      ["longer", "one two three"],
      ["shorter", "o"],
      ["as long as before", "two"],
    ] as const) {
      test(`a file that is ${what} after it was listed is read as it is now, with the version of what was read`, async () => {
        const path = join(folder, `listed-${text.length}.jpg`);
        writeFileSync(path, "one");
        const listing = listFiles([path], { now: later }).list(new AbortController().signal);
        const { value: listed } = (await listing[Symbol.asyncIterator]().next()) as { value: ImageRef };
        assert.ok(listed.version !== null && listed.sizeBytes === 3);
        const reader = fileReader({ now: later, calls });
        const calm = new AbortController().signal;
        const unchanged = await reader.read(listed, { maxBytes: 100 }, calm);
        assert.equal(unchanged.version, listed.version);
        writeFileSync(path, text);
        const changed = await reader.read(listed, { maxBytes: 100 }, calm);
        assert.notEqual(changed.version, listed.version);
        assert.equal(Buffer.from(changed.bytes).toString(), text);
      });
    }
  });
