/** Tables and archives that cannot be read: their images are unknown, a retry reads them again, and no row of them is deleted. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { fileServer, type ServedFile } from "../sources/file-server.js";
import { tarOf, writeZip } from "../support/archives.js";
import { type Workspace, workspace } from "./command.js";

interface Document {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly unlistedFiles: number;
  readonly tried: number;
  readonly notTried: number;
  readonly missing: number | null;
  readonly pruned: number;
  readonly failures: readonly { readonly source: string; readonly code: string }[];
}

const golden = resolve("test", "fidelity", "golden");
const coffee = new Uint8Array(await readFile(join(golden, "coffee.jpg")));
const cat = new Uint8Array(await readFile(join(golden, "chelsea.jpg")));
const images = (names: readonly string[]) => names.map((name, at) => ({ name: `${name}.jpg`, bytes: at % 2 === 0 ? coffee : cat }));
const counts = ({ read, stored, skipped, failed, unlistedFiles }: Document) => [read, stored, skipped, failed, unlistedFiles];
const fast = ["--set", "http.retry_delay=0", "--set", "http.max_retries=1"];
const countOf = async (space: Workspace) => (await space.json<{ count: number }>(0, "count")).count;
const whole = () => null;
const dropped = () => 1_000;

/** Names of dead-letter files. */
async function letters(space: Workspace): Promise<readonly string[]> {
  const names = await readdir(join(space.folder, "headrace-data", "dead-letters"), { recursive: true }).catch(() => []);
  return names.filter((name) => name.endsWith(".jsonl"));
}

describe("a shard that cannot be downloaded", () => {
  test("is named as a file with unknown images, and a retry reads it with the columns that were chosen", async () => {
    let drop: () => number | null = dropped;
    const shard = {
      bytes: tarOf([
        ...images(["a", "b"]),
        { name: "a.json", bytes: Buffer.from('{"key":"first"}') },
        { name: "b.json", bytes: Buffer.from('{"key":"second","skip":1}') },
      ]),
      version: "none" as const,
      dropAfterBytes: () => drop(),
    };
    await using server = await fileServer({ "/a.tar": { bytes: tarOf(images(["c"])) }, "/b.tar": shard });
    await using space = await workspace();
    const chosen = ["--id-column", "key", "--metadata-columns", "key"];
    const failed = await space.run("ingest", `${server.url}/b.tar`, ...chosen, ...fast);
    assert.equal(failed.code, 3);
    assert.match(failed.stdout, /1 file that names images could not be read: its images are not counted.*headrace retry/);
    assert.deepEqual(counts(await space.json<Document>(3, "retry", ...fast)), [1, 0, 0, 1, 1]);

    drop = whole;
    const planned = await space.json<{ wouldTry: number; wouldList: number }>(0, "retry", "--dry-run");
    assert.deepEqual([planned.wouldTry, planned.wouldList], [1, 1]);
    const retried = await space.json<Document>(0, "retry", ...fast);
    assert.deepEqual([...counts(retried), retried.tried, retried.notTried], [2, 2, 0, 0, 0, 2, 0]);
    assert.deepEqual(await letters(space), []);
    const { hits } = await space.json<{ hits: { id: string; metadata: object }[] }>(0, "search", join(golden, "coffee.jpg"));
    assert.deepEqual(hits.map(({ id }) => id).sort(), ["first", "second"]);
  });

  test("leaves the dead-letter file when a later ingestion lists it, and stays when only a single image of it is stored", async () => {
    const list: ServedFile = { bytes: Buffer.from("path\na.jpg\nb.jpg\n"), version: "none", dropAfterBytes: () => drop() };
    let drop: () => number | null = whole;
    const served: Record<string, ServedFile> = {
      "/list.csv": list,
      "/a.jpg": { bytes: coffee },
      "/b.jpg": { bytes: Buffer.from("no image") },
    };
    await using server = await fileServer(served);
    await using space = await workspace();
    const url = `${server.url}/list.csv`;
    assert.deepEqual(counts(await space.json<Document>(3, "ingest", url, ...fast)), [2, 1, 0, 1, 0]);
    drop = () => 3;
    assert.deepEqual(counts(await space.json<Document>(3, "ingest", url, ...fast)), [1, 0, 0, 1, 1]);
    served["/b.jpg"]!.bytes = cat;
    const retried = await space.json<Document>(3, "retry", ...fast);
    assert.deepEqual([retried.stored, retried.failed, retried.unlistedFiles], [1, 1, 1]);
    assert.equal((await letters(space)).length, 1, "the images of the list are still unknown");
    drop = whole;
    assert.deepEqual(counts(await space.json<Document>(0, "ingest", url, ...fast)), [2, 0, 2, 0, 0]);
    assert.deepEqual(await letters(space), []);
  });

  test("keeps its rows in a sync with --prune, whatever is wrong with it, and rows of other shards go", async () => {
    const first = { bytes: tarOf(images(["a", "b", "c"])) as Uint8Array };
    let drop: () => number | null = whole;
    const second = { bytes: tarOf(images(["d", "e", "f"])) as Uint8Array, dropAfterBytes: () => drop() };
    const files: Record<string, ServedFile> = { "/s-1.tar": first, "/s-2.tar": second };
    await using server = await fileServer(files);
    await using space = await workspace();
    const shards = `${server.url}/s-{1..2}.tar`;
    const sync = (code: number) => space.json<Document>(code, "sync", shards, "--prune", "--max-deletions", "100%", ...fast);
    assert.deepEqual(counts(await sync(0)), [6, 6, 0, 0, 0]);

    first.bytes = tarOf(images(["a", "b"]));
    // A shard that has not changed would not be downloaded.
    second.bytes = tarOf(images(["d", "e", "f", "g"]));
    drop = () => 2_000;
    const cut = await sync(3);
    assert.deepEqual([cut.missing, cut.pruned, cut.unlistedFiles, await countOf(space)], [1, 1, 1, 5]);
    drop = whole;
    second.bytes = Buffer.from("<html>Please log in</html>");
    const page = await sync(3);
    assert.deepEqual([page.failed, page.missing, page.pruned, await countOf(space)], [1, 0, 0, 5]);
    second.bytes = Buffer.alloc(0);
    // A shard without any image keeps its rows, and the run does not look like success.
    const empty = await sync(1);
    assert.deepEqual([empty.missing, empty.pruned, await countOf(space)], [3, 0, 5]);
    const tooLarge = await space.json<Document>(3, "sync", `${server.url}/s-1.tar`, `${server.url}/gone.tar`, "--prune", ...fast);
    assert.deepEqual([tooLarge.unlistedFiles, tooLarge.pruned, await countOf(space)], [1, 0, 5]);
  });
});

test("a local archive that is missing or torn is listed again by a retry once it is whole", async () => {
  await using space = await workspace();
  const path = join(space.folder, "a.zip");
  await writeFile(join(space.folder, "cat.jpg"), cat);
  assert.deepEqual(counts(await space.json<Document>(3, "ingest", "cat.jpg", "a.zip")), [2, 1, 0, 1, 1]);
  await writeFile(path, "torn");
  const torn = await space.json<Document>(3, "retry");
  assert.deepEqual([...counts(torn), torn.failures[0]?.code], [1, 0, 0, 1, 1, "input_invalid"]);
  await writeZip(path, images(["a", "b"]));
  assert.deepEqual(counts(await space.json<Document>(0, "retry")), [2, 2, 0, 0, 0]);
  assert.deepEqual(await letters(space), []);
});

test("a table that still has no fitting column does not keep a retry from others", async () => {
  await using server = await fileServer({
    "/a.csv": { bytes: Buffer.from("size\n1\n") },
    "/b.csv": { bytes: Buffer.from("path\na.jpg\n") },
    "/a.jpg": { bytes: coffee },
  });
  await using space = await workspace();
  await writeFile(join(space.folder, "none.jpg"), "no image");
  await space.json(3, "ingest", "none.jpg");
  const [name = ""] = await letters(space);
  const path = join(space.folder, "headrace-data", "dead-letters", name);
  const letter = (file: string) =>
    JSON.stringify({ source: `${server.url}/${file}`, unlisted: { badLines: "fail", columns: {} }, code: "source_unreadable" });
  await writeFile(path, `${letter("a.csv")}\n${letter("b.csv")}\n`);
  const retried = await space.json<Document>(3, "retry");
  assert.deepEqual([...counts(retried), retried.failures[0]?.code], [2, 1, 0, 1, 1, "input_invalid"]);
});
