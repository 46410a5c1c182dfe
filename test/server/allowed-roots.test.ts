/** However a client spells a place, the server reads nothing outside `server.allowed_roots`. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { listImages } from "../../src/app/index.js";
import { AllowedRoots } from "../../src/server/insertions/allowed-roots.js";
import { inputOf, storedInput } from "../../src/server/insertions/sources.js";
import { allowedSource, imageGuard } from "../../src/server/jobs/allowed-sources.js";
import { Refused } from "../../src/server/wire/problems.js";
import { extent } from "../support/extent.js";

const numRuns = extent({ some: 2_000, all: 10_000 });

describe("the allowed roots", () => {
  let base = "";
  let server: { allowedRoots: string[] };
  let inside: (path: string) => boolean;

  before(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), "headrace-roots-")));
    for (const folder of ["first", "second/deep", "secret"]) mkdirSync(join(base, folder), { recursive: true });
    for (const file of ["first/a.jpg", "second/b.jpg", "second/deep/c.jpg", "secret/s.jpg", "first-s.jpg"])
      writeFileSync(join(base, file), "x");
    symlinkSync(join(base, "secret"), join(base, "first", "out"));
    symlinkSync(join(base, "secret", "s.jpg"), join(base, "first", "s.jpg"));
    symlinkSync(join(base, "second"), join(base, "first", "over"));
    const roots = ["first", "second"].map((name) => join(base, name));
    server = { allowedRoots: ["s3://bucket/pets/", ...roots] };
    inside = (path) => roots.some((root) => path === root || path.startsWith(root + sep));
  });
  after(() => rmSync(base, { recursive: true, force: true }));

  const parts = () =>
    fc.constantFrom(
      "first",
      "second",
      "deep",
      "secret",
      "out",
      "over",
      "..",
      ".",
      "",
      "a.jpg",
      "b.jpg",
      "s.jpg",
      "first-s.jpg",
      "none",
      "%2e%2e",
      "*",
      "{a,s}.jpg",
      "**",
    );
  const spelled = () =>
    fc
      .record({
        start: fc.constantFrom(
          "",
          "/",
          "BASE/",
          "//BASE/",
          "file://BASE/",
          "file:BASE/",
          "FILE://BASE/",
          "file://localhostBASE/",
          "tar://BASE/",
          "zip://BASE/",
          "parquet://BASE/",
          "./",
          "~/",
          "s3://bucket/",
          "s3://bucket/pets/",
          "S3://bucket/pets/",
          "s3://BUCKET/",
          "zip+s3://bucket/",
          "zip+s3://bucket/pets/",
          "tar+file://BASE/",
        ),
        path: fc.array(parts(), { maxLength: 6 }),
        separator: fc.constantFrom("/", "//", "/./"),
        end: fc.constantFrom("", "/", "#a.jpg", "?x", "\0", "\0.jpg", "%00", " "),
      })
      .map(({ start, path, separator, end }) => `${start.replace("BASE", base)}${path.join(separator)}${end}`);

  /** The object or the real file that is read for an input. */
  const assertInside = (input: string, from: string): void => {
    if (/^(zip\+)?s3:/i.test(input)) {
      const object = input.startsWith("zip") ? input.replace(/#.*$/s, "") : input;
      assert.match(object, /^(zip\+)?s3:\/\/bucket\/pets\//, from);
      assert.doesNotMatch(object, /\/\.\.?(\/|$)/, from);
      return;
    }
    const path = /^(tar|zip|parquet|file):/.test(input) ? decodeURIComponent(new URL(input).pathname) : input;
    let real = path;
    try {
      real = realpathSync(path);
    } catch {
      // Nothing is read of a file that is not there.
      return;
    }
    assert.ok(inside(real), `${from} reads ${real}`);
  };
  const unlessRefused = async (call: Promise<unknown>, from: string): Promise<void> => {
    try {
      const input = await call;
      if (typeof input === "string" && !/^https?:/.test(input)) assertInside(input, from);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  };

  it("hold for images of requests and for pictures of any source", async () => {
    await fc.assert(
      fc.asyncProperty(spelled(), async (text) => {
        await unlessRefused(inputOf({ path: text }, server), `path ${JSON.stringify(text)}`);
        await unlessRefused(storedInput(text, server), `source ${JSON.stringify(text)}`);
      }),
      { numRuns },
    );
  });

  it("hold for all images that the sources of a job list", async () => {
    const guard = imageGuard(server.allowedRoots, { uploads: join(base, "uploads"), lines: [join(base, "lines.jsonl")] });
    await fc.assert(
      fc.asyncProperty(spelled(), async (text) => {
        const source = await allowedSource(text, server.allowedRoots).catch((error: unknown) => {
          if (error instanceof Refused) return null;
          throw error;
        });
        if (source === null || source.startsWith("s3:")) return source === null ? undefined : assertInside(source, text);
        try {
          for await (const { input } of listImages({ paths: [source], admit: guard })) {
            if (input.refused === undefined) assertInside(input.location, `${text} lists`);
          }
        } catch (error) {
          assert.equal((error as { code?: string }).code, "source_failed");
        }
        return undefined;
      }),
      { numRuns: Math.ceil(numRuns / 4) },
    );
  });

  it("take a relative path from the first folder that has it, also behind an entry of a bucket", async () => {
    const roots = new AllowedRoots(server.allowedRoots);
    assert.equal(await roots.place("a.jpg"), join(base, "first", "a.jpg"));
    assert.equal(await roots.place("b.jpg"), join(base, "second", "b.jpg"));
    assert.equal(await roots.place("none.jpg"), join(base, "first", "none.jpg"));
    assert.equal(await roots.place("over/b.jpg"), join(base, "second", "b.jpg"));
    assert.equal(relative(base, (await roots.place(resolve(base, "second/*.jpg"))) ?? ""), "second/*.jpg");
    for (const path of [
      "first/out/s.jpg",
      "first/out/none.jpg",
      "first/s.jpg",
      "second/../secret/s.jpg",
      "first-s.jpg",
      "first/*/../../secret/*",
    ]) {
      assert.equal(await roots.place(`${base}/${path}`), null, path);
    }
  });

  it("take the whole bucket for an entry without a prefix, and nothing for no entry", () => {
    assert.ok(new AllowedRoots(["s3://bucket"]).hasObject("s3://bucket/a.jpg"));
    assert.ok(!new AllowedRoots(["s3://bucket"]).hasObject("s3://bucket-2/a.jpg"));
    assert.ok(!new AllowedRoots([]).hasObject("s3://bucket/a.jpg"));
    assert.ok(!new AllowedRoots(["s3://bucket/pets"]).hasObject("s3://bucket/pets/../a.jpg"));
  });
});
