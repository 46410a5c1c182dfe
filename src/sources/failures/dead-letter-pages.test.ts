/** Pages of dead-letter files: complete, one entry per image, and not read from the beginning each time. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { DeadLetterPages } from "./dead-letter-pages.js";

const lineOf = (id: number, code = "image_corrupt"): string =>
  `${JSON.stringify({ source: `file:///photos/ü-${id}.jpg`, id: String(id), idType: "text", code, message: "damaged", attempts: 1 })}\n`;

describe("pages of failures", () => {
  let folder = "";
  let path = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-pages-"));
    path = join(folder, "failures.jsonl");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const allPages = async (pages: DeadLetterPages, limit: number): Promise<readonly string[]> => {
    const found: string[] = [];
    for (let offset: number | null = 0; offset !== null; ) {
      const { letters, next }: Awaited<ReturnType<DeadLetterPages["page"]>> = await pages.page(path, { offset, limit });
      assert.ok(letters.length === limit || next === null, "only the last page is shorter");
      found.push(...letters.map(({ id, code }) => `${id} ${code}`));
      offset = next;
    }
    return found;
  };

  it("together are all entries, each once, by its last line", async () => {
    const ids = Array.from({ length: 2_345 }, (_, index) => index);
    const again = ids.filter((id) => id % 10 === 0);
    await writeFile(path, [...ids.map((id) => lineOf(id)), "no entry\n", ...again.map((id) => lineOf(id, "timed_out"))].join(""));
    const expected = [...ids.filter((id) => id % 10 !== 0).map((id) => `${id} image_corrupt`), ...again.map((id) => `${id} timed_out`)];
    for (const limit of [1_000, 100, 77]) assert.deepEqual(await allPages(new DeadLetterPages(), limit), expected);
  });

  it("are empty without a file and behind the last entry", async () => {
    const pages = new DeadLetterPages();
    assert.deepEqual(await pages.page(path, { offset: 0, limit: 10 }), { letters: [], next: null });
    await writeFile(path, lineOf(1));
    assert.deepEqual(await pages.page(path, { offset: 1, limit: 10 }), { letters: [], next: null });
    assert.deepEqual(await allPages(pages, 10), ["1 image_corrupt"]);
  });

  it("have what was appended, but not a line whose end has not arrived", async () => {
    const pages = new DeadLetterPages();
    await writeFile(path, lineOf(1));
    assert.deepEqual(await allPages(pages, 10), ["1 image_corrupt"]);
    await appendFile(path, lineOf(2) + lineOf(3).slice(0, 20));
    assert.deepEqual(await allPages(pages, 10), ["1 image_corrupt", "2 image_corrupt"]);
    await appendFile(path, lineOf(3).slice(20));
    assert.deepEqual(await allPages(pages, 1), ["1 image_corrupt", "2 image_corrupt", "3 image_corrupt"]);
  });

  it("are read from their place on after the first one", { skip: process.platform !== "linux" }, async () => {
    const count = 50_000;
    await writeFile(path, Array.from({ length: count }, (_, id) => lineOf(id)).join(""));
    const pages = new DeadLetterPages();
    await pages.page(path, { offset: 0, limit: 100 });
    const before = readBytes();
    const { letters } = await pages.page(path, { offset: count - 150, limit: 100 });
    assert.equal(letters[0]?.id, String(count - 150));
    assert.ok(readBytes() - before < 500_000, `${readBytes() - before} bytes`);
  });
});

/** What this process has read so far. */
function readBytes(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}
