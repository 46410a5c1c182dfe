/** Lists and tables that end too early: as far as a cut can be told, it is one failure, and the list does not count as listed. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { listInputs } from "../../src/app/index.js";
import { writeParquet } from "../support/parquet-table.js";

interface Listed {
  readonly images: number;
  readonly failures: readonly string[];
  /** Failures of the file, which a retry lists again. */
  readonly cuts: readonly string[];
  readonly skipped: number;
  readonly isListed: boolean;
}

interface Options {
  readonly badLines?: "fail" | "skip";
  readonly between?: (listed: number) => Promise<void>;
}

describe("lists and tables that end too early", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-torn-lists-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function list(name: string, bytes: Uint8Array | string | null, { badLines = "fail", between }: Options = {}): Promise<Listed> {
    const path = join(folder, name);
    if (bytes !== null) await writeFile(path, bytes);
    let isListed = false;
    let [images, skipped] = [0, 0];
    const failures: string[] = [];
    const cuts: string[] = [];
    for await (const { ref } of listInputs({ paths: [path], badLines })(new AbortController().signal, () => (isListed = true))) {
      const { refused, unlisted } = ref;
      if (refused === undefined) images += 1;
      else if (refused.kind === "skip") skipped += 1;
      else (unlisted === undefined ? failures : cuts).push(refused.error.message.replace(`${path}`, name));
      await between?.(images);
    }
    return { images, failures, cuts, skipped, isListed };
  }

  const lines = ["a", "b", "c"].map((name) => `{"input":"${name}.jpg","metadata":{"text":"${name} {}"}}`);

  for (const badLines of ["fail", "skip"] as const) {
    test(`JSON lines that are cut inside a line are one failure that names the line, with bad lines that ${badLines}`, async () => {
      const whole = `${lines.join("\n")}\n`;
      for (let cut = 0; cut <= whole.length; cut += 1) {
        const text = whole.slice(0, cut);
        const full = text.split("\n").filter((line) => lines.includes(line)).length;
        const isInLine = text !== "" && !text.endsWith("\n") && !text.endsWith("}}");
        const found = await list("t.jsonl", text, { badLines });
        assert.deepEqual(
          [found.images, found.failures, found.skipped, found.cuts.length, found.isListed],
          [full, [], 0, isInLine ? 1 : 0, !isInLine],
          text,
        );
        if (isInLine) assert.match(found.cuts[0] ?? "", new RegExp(`^t\\.jsonl: from line ${full + 1} on its content is unknown: `));
      }
    });
  }

  test("a bad line among others is the failure of a line, and waits for no other that is not there yet", async () => {
    const found = await list("t.jsonl", `${lines[0]}\n{"input":\n\n${lines[1]}\n`);
    assert.deepEqual([found.images, found.failures.length, found.cuts, found.isListed], [2, 1, [], true]);
  });

  for (const [name, text] of [
    ["t.jsonl", `${lines.join("\n")}\n`],
    ["t.txt", "a.jpg\nb.jpg\n"],
    ["t.csv", "path,year\na.jpg,1\nb.jpg,2\n"],
  ] as const) {
    test(`${name} whose end is filled with zeros is one failure`, async () => {
      for (const cut of [text.length, text.length - 3]) {
        const found = await list(name, `${text.slice(0, cut)}${"\0".repeat(5_000)}`, { badLines: "skip" });
        assert.deepEqual([found.cuts.length, found.failures, found.isListed], [1, [], false], JSON.stringify(found));
      }
    });
  }

  test("a table whose last row has too few cells or an open cell, and no end of line, is one failure that names the line", async () => {
    const rows = ["path,text,year", 'a.jpg,"one, ""two""",1', 'b.jpg,"first', 'second, third",2', "c.jpg,plain,3"];
    for (const ending of ["\n", "\r\n"]) {
      const whole = `${rows.join(ending)}${ending}`;
      for (let cut = whole.indexOf("a.jpg"); cut <= whole.length; cut += 1) {
        const { images, cuts, failures, isListed, skipped } = await list("t.csv", whole.slice(0, cut), { badLines: "skip" });
        assert.deepEqual(failures, []);
        // What looks like a whole row cannot be told from one: a last row needs no end of line.
        const isWhole = cuts.length === 0;
        assert.equal(isListed, isWhole, whole.slice(0, cut));
        if (isWhole) assert.equal(skipped, 0, whole.slice(0, cut));
        else assert.match(cuts[0] ?? "", /^t\.csv: from line \d+ on its content is unknown: /);
        assert.ok(images <= 3);
      }
    }
    const open = await list("t.csv", 'path,text\na.jpg,1\nb.jpg,"open\n');
    assert.deepEqual([open.images, open.failures, open.cuts.length, open.isListed], [1, [], 1, false]);
    assert.match(open.cuts[0] ?? "", /from line 3 on its content is unknown: expected a quotation mark/);
    const normal = await list("t.csv", "path,year\na.jpg,1\nb.jpg,2");
    assert.deepEqual([normal.images, normal.cuts, normal.isListed], [2, [], true]);
  });

  test("a Parquet file that is cut anywhere is one failure, and one with damaged rows lists those before them", async () => {
    const path = join(folder, "t.parquet");
    const names = Array.from({ length: 40 }, (_, at) => `${createHash("sha512").update(`${at}`).digest("hex")}.jpg`);
    await writeParquet(path, [{ name: "path", type: "STRING", data: names, encoding: "PLAIN" }], 10);
    const whole = await readFile(path);
    assert.deepEqual([(await list("t.parquet", null)).images, (await list("t.parquet", null)).isListed], [40, true]);
    for (let cut = 0; cut < whole.length; cut += 101) {
      for (const bytes of [whole.subarray(0, cut), Buffer.concat([whole.subarray(0, cut), Buffer.alloc(whole.length - cut)])]) {
        const { cuts, images, isListed } = await list("t.parquet", bytes);
        assert.deepEqual([cuts.length, images, isListed], [1, 0, false], `cut at ${cut}`);
      }
    }
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, Math.floor(whole.length * 0.4), Math.floor(whole.length * 0.5));
    const { cuts, images, isListed } = await list("t.parquet", damaged);
    assert.deepEqual([cuts.length, images % 10, isListed], [1, 0, false], cuts.join("\n"));
    assert.ok(images > 0 && images < 40);
    assert.match(cuts[0] ?? "", /^t\.parquet: from row \d+ on its content is unknown: /);
  });

  for (const [name, line] of [
    ["t.jsonl", `${lines[0]}\n`],
    ["t.txt", "a.jpg\n"],
    ["t.csv", "path\na.jpg\n"],
  ] as const) {
    test(`${name} that shrinks while it is read is one failure`, async () => {
      const bytes = `${line}${"\n".repeat(3_000_000)}${line}`;
      const found = await list(name, bytes, {
        between: async (listed) => void (listed === 1 && (await truncate(join(folder, name), line.length))),
      });
      assert.deepEqual([found.cuts.length, found.failures, found.isListed], [1, [], false], JSON.stringify(found));
      assert.match(found.cuts[0] ?? "", /\d+ bytes were removed from the file meanwhile/);
    });
  }

  test("a line without an end is one bad line, and costs time and memory that do not grow with its square", {
    timeout: 60_000,
  }, async () => {
    const long = `{"input":"${"x".repeat(40 * 1024 * 1024)}"}`;
    for (const [name, others] of [
      ["t.jsonl", [lines[0], lines[1]]],
      ["t.txt", ["a.jpg", "b.jpg"]],
    ] as const) {
      const found = await list(name, `${others[0]}\n${long}\n${others[1]}\n`);
      assert.deepEqual([found.images, found.failures.length, found.cuts, found.isListed], [2, 1, [], true]);
      assert.match(found.failures[0] ?? "", /:2: expected a line of at most 16777216 characters, found a longer one/);
    }
  });
});
