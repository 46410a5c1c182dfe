import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { stageFolder } from "./staged-folder.js";

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-folder-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const isWrongUse = (error: unknown) =>
  HeadraceError.is(error) && error.code === "usage_invalid" && /a new name or an empty/.test(error.message);

test("a folder gets its name when it is complete, also if an empty one is there", () =>
  withFolder(async (folder) => {
    const target = join(folder, "shards");
    for (const first of ["none", "empty"]) {
      if (first === "empty") await mkdir(target);
      const staged = await stageFolder(target);
      await writeFile(join(staged.path, "a.tar"), "whole");
      if (first === "none") assert.deepEqual(await readdir(folder), [basename(staged.path)]);
      await staged.place();
      await staged.discard();
      assert.deepEqual([await readdir(folder), await readdir(target)], [["shards"], ["a.tar"]]);
      await rm(target, { recursive: true });
    }
  }));

test("a folder with files and a file are never touched, also if they come late", () =>
  withFolder(async (folder) => {
    const target = join(folder, "shards");
    const staged = await stageFolder(target);
    await mkdir(target);
    await writeFile(join(target, "mine.txt"), "mine");
    await assert.rejects(staged.place(), isWrongUse);
    await assert.rejects(stageFolder(target), isWrongUse);
    await assert.rejects(stageFolder(join(target, "mine.txt")), isWrongUse);
    await staged.discard();
    assert.deepEqual([await readdir(folder), await readdir(target)], [["shards"], ["mine.txt"]]);
  }));

test("what a killed writer has left is removed by the next one, and what a running one writes stays", () =>
  withFolder(async (folder) => {
    const target = join(folder, "shards");
    const running = await stageFolder(target);
    const killed = join(folder, basename(running.path).replace(/\.\d+-/, `.${2 ** 22 + 1}-`));
    await mkdir(killed);
    await writeFile(join(killed, "shards-000000.tar"), "half");
    await (await stageFolder(target)).discard();
    assert.deepEqual(await readdir(folder), [basename(running.path)]);
    await running.discard();
  }));

test("a folder that cannot be made is refused with its name", () =>
  withFolder(async (folder) => {
    await assert.rejects(
      stageFolder(join(folder, "nowhere", "shards")),
      (error) => HeadraceError.is(error) && error.code === "state_unwritable" && /nowhere/.test(error.message),
    );
  }));
