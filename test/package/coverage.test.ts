/** The coverage command knows every room, and each has a floor. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

type Kind = "lines" | "branches";
type Sums = Readonly<Record<Kind, { readonly covered: number; readonly total: number }>>;
type Floors = Readonly<Record<string, Readonly<Record<Kind, number>>>>;

interface CoverageRooms {
  roomsOf(summary: Readonly<Record<string, Sums>>, options: { readonly hasCode: (path: string) => boolean }): ReadonlyMap<string, Sums>;
  breachesOf(rooms: ReadonlyMap<string, Sums>, floors: Floors): readonly string[];
  raisedFloors(rooms: ReadonlyMap<string, Sums>, floors: Floors): Floors;
}

const { roomsOf, breachesOf, raisedFloors } = (await import(pathToFileURL("scripts/coverage-rooms.mjs").href)) as CoverageRooms;

const { buildCommandForCoverage } = (await import(pathToFileURL("scripts/build-coverage.mjs").href)) as {
  buildCommandForCoverage(outdir: string): Promise<void>;
};

const file = (covered: number, total: number): Sums => ({ lines: { covered, total }, branches: { covered, total } });
const summary = {
  [resolve("src/kit/a.ts")]: file(90, 100),
  [resolve("src/kit/inner/b.ts")]: file(87, 100),
  [resolve("src/kit/types.ts")]: file(0, 50),
  [resolve("src/server/c.ts")]: file(10, 40),
  [resolve("src/index.ts")]: file(5, 5),
};
const rooms = roomsOf(summary, { hasCode: (path) => path !== "kit/types.ts" });
const floor = (percent: number) => ({ lines: percent, branches: percent });

test("each room of src has a floor, and each floor its room", () => {
  const folders = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const floors = JSON.parse(readFileSync("scripts/coverage-floors.json", "utf8")) as Floors;
  assert.deepEqual(Object.keys(floors).sort(), [...folders.map(({ name }) => name), "src"].sort());
});

test("a room is the sum of its files that have code", () => {
  assert.deepEqual([...rooms.keys()], ["kit", "server", "src"]);
  assert.deepEqual(rooms.get("kit")?.lines, { covered: 177, total: 200 });
});

test("a room below its floor fails, however well the others are reached", () => {
  assert.deepEqual(breachesOf(rooms, { kit: floor(88.5), server: floor(25), src: floor(100) }), []);
  assert.deepEqual(breachesOf(rooms, { kit: { lines: 89, branches: 20 }, server: floor(25), src: floor(0) }), [
    "expected tests to reach at least 89 % of the lines of kit, found 88.5 %",
  ]);
});

test("a new room without a floor fails, and a floor of a room that is gone", () => {
  assert.deepEqual(breachesOf(rooms, { kit: floor(1), src: floor(1), search: floor(1) }), [
    "expected a floor for the room server, found none",
    "expected floors of rooms only, found one of search",
  ]);
});

test("floors are raised to the half percent that was reached, and never lowered", () => {
  const raised = raisedFloors(rooms, { kit: { lines: 80, branches: 95 }, search: floor(50) });
  assert.deepEqual(raised, { src: floor(100), kit: { lines: 88.5, branches: 95 }, server: floor(25) });
});

test("the command that is built for the coverage runs", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-coverage-"));
  try {
    await copyFile("package.json", join(folder, "package.json"));
    await symlink(resolve("node_modules"), join(folder, "node_modules"));
    await buildCommandForCoverage(join(folder, "dist"));
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "dist", "cli", "launcher.js"), "config"], {
      cwd: folder,
    });
    assert.match(stdout, /lancedb/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
