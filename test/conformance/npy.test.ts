import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createNpyRows, openNpyRows } from "../../src/adapters/npy/index.js";
import { allRows, description, oddRows, rowFileConformance } from "./row-files.js";

rowFileConformance("npy", { ending: "npy", create: createNpyRows, open: openNpyRows });

describe("what stands beside a .npy file", () => {
  let folder: string;
  let path: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-npy-"));
    path = join(folder, "x.npy");
    const writer = await createNpyRows(path, description);
    await writer.write(oddRows);
    await writer.finish();
  });
  after(() => rm(folder, { recursive: true }));

  it("are a JSON line for each row, and the description", async () => {
    const lines = (await readFile(`${path}.jsonl`, "utf8")).trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { id: string }).id),
      oddRows.map(({ id }) => id),
    );
    const { format, dimension, id_type } = JSON.parse(await readFile(`${path}.json`, "utf8")) as Record<string, unknown>;
    assert.deepEqual([format, dimension, id_type], [1, 3, "text"]);
  });

  for (const [sentence, file, change] of [
    ["lines that are fewer than the rows", "x.npy.jsonl", (text: string) => text.split("\n").slice(1).join("\n")],
    ["more lines than rows", "x.npy.jsonl", (text: string) => `${text}${text}`],
    ["a line that is no JSON", "x.npy.jsonl", (text: string) => text.replace("{", "")],
    ["a row without a source", "x.npy.jsonl", (text: string) => text.replace('"source"', '"sauce"')],
    ["another dimension in the description", "x.npy.json", (text: string) => text.replace('"dimension":3', '"dimension":4')],
    ["a description of something else", "x.npy.json", () => "{}"],
  ] as const) {
    it(`${sentence}: refused`, async () => {
      const original = await readFile(join(folder, file), "utf8");
      await writeFile(join(folder, file), change(original));
      try {
        await assert.rejects(
          async () => {
            const origin = await openNpyRows(path);
            try {
              await allRows(origin);
            } finally {
              await origin.close();
            }
          },
          { code: "input_invalid" },
        );
      } finally {
        await writeFile(join(folder, file), original);
      }
    });
  }

  it("the description missing: refused, as the files may not belong together", async () => {
    await rm(`${path}.json`);
    await assert.rejects(openNpyRows(path), { code: "input_invalid", message: /x\.npy\.json/ });
  });
});
