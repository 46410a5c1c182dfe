/** `sync` of manifests: each is known by its absolute path, or by the name that the caller gives to a pipe. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { listInputs } from "../../src/app/index.js";
import { type Ended, ended, type Workspace, workspace } from "./command.js";
import { collectionName, type Mirror, mirror } from "./mirror.js";

const golden = resolve("test", "fidelity", "golden");

interface Line {
  readonly input: string;
  readonly id?: string;
}

const text = (lines: readonly Line[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

function syncList(made: Mirror, manifest: string, more: Partial<Parameters<Mirror["sync"]>[1]> = {}) {
  return made.sync([], { source: { paths: [], manifest }, ...more });
}

/** Runs the command in a shell, where `LIST` is a manifest from a pipe. */
function syncPipe(space: Workspace, names: readonly string[], ...args: readonly string[]): Promise<Ended> {
  const lines = text(names.map((name) => ({ input: join(golden, `${name}.jpg`) })));
  const script = `exec "$0" "$1" sync --manifest <(printf '%s' "$2") --json "\${@:3}"`;
  return ended(spawn("bash", ["-c", script, process.execPath, space.bin, lines, ...args], { cwd: space.folder }));
}

async function jsonOf({ code, stdout, stderr }: Ended, expectedCode: number): Promise<Record<string, unknown>> {
  assert.equal(code, expectedCode, stdout + stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("a manifest in a file", () => {
  test("is known by its absolute path: manifests of one name in two folders never touch each other's rows", async () => {
    await using space = await workspace();
    for (const [folder, names] of [
      ["shop1", ["coffee", "chelsea"]],
      ["shop2", ["hubble", "rocket"]],
    ] as const) {
      await mkdir(join(space.folder, folder));
      for (const name of names) await copyFile(join(golden, `${name}.jpg`), join(space.folder, folder, `${name}.jpg`));
      await writeFile(
        join(space.folder, folder, "m.jsonl"),
        text(names.map((name) => ({ input: join(space.folder, folder, `${name}.jpg`) }))),
      );
    }
    const inFolder = (folder: string, ...args: readonly string[]) =>
      ended(
        spawn(process.execPath, [space.bin, ...args, "--json", "--set", `lancedb.path=${join(space.folder, "data")}`], {
          cwd: join(space.folder, folder),
        }),
      );
    await jsonOf(await inFolder("shop1", "sync", "--manifest", "m.jsonl"), 0);
    const { missing, pruned } = await jsonOf(await inFolder("shop2", "sync", "--manifest", "m.jsonl", "--prune"), 0);
    assert.deepEqual({ missing, pruned }, { missing: 0, pruned: 0 });
    assert.equal((await jsonOf(await inFolder("shop2", "count"), 0))["count"], 4);

    await writeFile(join(space.folder, "shop1", "m.jsonl"), text([{ input: join(space.folder, "shop1", "coffee.jpg") }]));
    const again = await jsonOf(await inFolder("shop2", "sync", "--manifest", "../shop1/m.jsonl", "--prune"), 0);
    assert.deepEqual([again["missing"], again["pruned"]], [1, 1], "another spelling of the path is the same manifest");
  });

  test("loses the row of a product that was taken out, although another product uses its picture", async () => {
    await using made = await mirror();
    await made.write(["placeholder.jpg"]);
    const manifest = made.at("products.jsonl");
    const lines = ["sku-1", "sku-2", "sku-3"].map((id) => ({ input: made.at("placeholder.jpg"), id, metadata: { sku: id } }));
    await writeFile(manifest, text(lines));
    await syncList(made, manifest);
    assert.equal((await made.rows()).length, 3);
    await writeFile(manifest, text(lines.slice(1)));
    const { missing, pruned } = await syncList(made, manifest);
    assert.deepEqual([missing, pruned], [1, 1]);
    const rows = await made.rows();
    assert.deepEqual(rows.map(({ id, facts }) => [id, facts.metadata["sku"]]).sort(), [
      ["sku-2", "sku-2"],
      ["sku-3", "sku-3"],
    ]);
  });

  test("loses no row that was stored after its listing began, and none if it is emptied", async () => {
    await using made = await mirror();
    await made.write(["a.jpg", "b.jpg", "c.jpg"]);
    const manifest = made.at("m.jsonl");
    const lines = ["a", "b", "c"].map((name) => ({ input: made.at(`${name}.jpg`) }));
    await writeFile(manifest, text(lines.slice(0, 2)));
    await syncList(made, manifest);
    const insertLate = async () => {
      await writeFile(manifest, text(lines));
      await (await made.pipeline.ingest({ inputs: listInputs({ paths: [], manifest }), collectionName, schedule: "overlapped" })).done;
    };
    const { pruned, kept } = await syncList(made, manifest, {
      source: {
        paths: [],
        manifest,
        admit: async (ref) => {
          if (ref.uri.endsWith("b.jpg")) await insertLate();
          return ref;
        },
      },
    });
    assert.deepEqual([pruned, kept], [0, { newer: 1 }]);
    await writeFile(manifest, "");
    const emptied = await syncList(made, manifest);
    assert.deepEqual([emptied.pruned, emptied.kept, emptied.upkeepError?.code], [0, { root_empty: 3 }, "prune_refused"]);
  });

  test("takes over rows with the absolute path that earlier versions wrote, and keeps those with a relative one", async () => {
    await using made = await mirror();
    await made.write(["a.jpg", "b.jpg"]);
    const manifest = made.at("m.jsonl");
    const old = async (id: string, root: string) => {
      for await (const { ref } of listInputs({ paths: [made.at("b.jpg")] })(new AbortController().signal))
        await made.insert([{ input: { ...ref, root }, id }]);
    };
    await old("absolute", manifest);
    await old("relative", "m.jsonl");
    await writeFile(manifest, text([{ input: made.at("a.jpg"), id: "new" }]));
    assert.equal((await syncList(made, manifest)).pruned, 1);
    assert.deepEqual((await made.rows()).map(({ id }) => id).sort(), ["new", "relative"]);
  });

  test("that is gone loses no row", async () => {
    await using made = await mirror();
    await made.write(["a.jpg"]);
    await writeFile(made.at("m.jsonl"), text([{ input: made.at("a.jpg") }]));
    await made.sync(["m.jsonl", "a.jpg"]);
    await rm(made.at("m.jsonl"));
    const { pruned, failed } = await made.sync(["m.jsonl", "a.jpg"]);
    assert.deepEqual([pruned, failed], [0, 1]);
    assert.equal((await made.rows()).length, 1);
  });
});

describe("a manifest from a pipe", { skip: process.platform === "win32" }, () => {
  test("without a name deletes nothing and says so, so that two pipes never touch each other's rows", async () => {
    await using space = await workspace();
    await jsonOf(await syncPipe(space, ["coffee", "chelsea"]), 0);
    const second = await jsonOf(await syncPipe(space, ["hubble", "rocket"], "--prune"), 1);
    assert.deepEqual([second["missing"], second["pruned"], second["kept"]], [null, 0, { list_unnamed: 2 }]);
    assert.equal((second["error"] as { code: string }).code, "prune_refused");
    assert.equal((await space.json<{ count: number }>(0, "count")).count, 4);
  });

  test("with a name is known by it: the next pipe of this name loses what was taken out, and others keep theirs", async () => {
    await using space = await workspace();
    await jsonOf(await syncPipe(space, ["coffee", "chelsea"], "--as", "shop1"), 0);
    const other = await jsonOf(await syncPipe(space, ["hubble", "rocket"], "--as", "shop2", "--prune"), 0);
    assert.deepEqual([other["missing"], other["pruned"]], [0, 0]);
    const next = await jsonOf(await syncPipe(space, ["coffee"], "--as", "shop1", "--prune"), 0);
    assert.deepEqual([next["missing"], next["pruned"], next["kept"]], [1, 1, {}]);
    assert.equal((await space.json<{ count: number }>(0, "count", "--filter", 'root == "list://shop1"')).count, 1);
  });
});
