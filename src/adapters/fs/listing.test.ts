import assert from "node:assert/strict";
import { type BigIntStats, chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { asNobody } from "../../../test/odd-images/nobody.js";
import { HeadraceError, type ImageRef } from "../../contracts/index.js";
import { fileVersion } from "../../kit/index.js";
import { sortedEntries } from "./entries.js";
import { countFiles, type FileListingOptions, listFiles } from "./listing.js";

const root = mkdtempSync(join(tmpdir(), "listing-"));
chmodSync(root, 0o755);
after(() => rmSync(root, { recursive: true }));
const never = new AbortController().signal;
const later = () => Date.now() + 60_000;
let folders = 0;

/** A new folder with these files; a name that ends in `/` makes a folder. */
function folderWith(...names: readonly string[]): string {
  const folder = join(root, `f${folders++}`);
  mkdirSync(folder);
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    if (name.endsWith("/")) mkdirSync(join(folder, name), { recursive: true });
    else writeFileSync(join(folder, name), name);
  }
  return folder;
}

async function list(inputs: Iterable<string> | AsyncIterable<string>, options: FileListingOptions = {}): Promise<ImageRef[]> {
  return collect(listFiles(inputs, { now: later, ...options }).list(never));
}

async function names(folder: string, inputs: readonly string[] = ["."]): Promise<string[]> {
  return (await list(inputs, { folder })).map((ref) => ref.location.slice(folder.length + 1));
}

test("a folder is listed with all that is below it, in the order of names", async () => {
  const folder = folderWith("b.jpg", "a/2.png", "a/10.png", "a/b/c.webp", "c.JPEG", "z.gif");
  assert.deepEqual(await names(folder), ["a/10.png", "a/2.png", "a/b/c.webp", "b.jpg", "c.JPEG", "z.gif"]);
});

test("counting finds as many as listing, for whatever is given", async () => {
  const folder = folderWith("b.jpg", "a/2.png", "a/b/c.webp", "notes.txt", "bare", "full.png/a.jpg", "empty.png/", ".hidden.jpg");
  writeFileSync(join(folder, "jpeg"), Uint8Array.of(0xff, 0xd8, 0xff, 0xe0));
  symlinkSync("../a", join(folder, "a/loop"));
  symlinkSync("gone.jpg", join(folder, "broken.jpg"));
  for (const inputs of [["."], ["b.jpg", "no.jpg", "a", "."], ["*", "no*", "b.jpg"], ["**/*.png", "https://example.org/a.jpg"]]) {
    assert.equal(await countFiles(inputs, never, { folder }), (await list(inputs, { folder })).length, inputs.join(" "));
  }
});

test("a file without an ending is an image when it begins like one or cannot be read; what is left out is told by its ending", async () => {
  const folder = folderWith("bare", "a.psd", "b.PSD", "c.zip", "d.jfif", "e.jpe", "plain.svg.txt", "closed");
  const starts = {
    jpeg: [0xff, 0xd8, 0xff],
    gif: [...Buffer.from("GIF89a")],
    svg: [...Buffer.from("  <svg/>")],
    pdf: [...Buffer.from("%PDF-1")],
  };
  for (const [name, bytes] of Object.entries(starts)) writeFileSync(join(folder, name), Uint8Array.from(bytes));
  chmodSync(join(folder, "closed"), 0);
  const leftOut: string[] = [];
  const found = await asNobody(() => list(["."], { folder, onLeftOut: (ending) => leftOut.push(ending) }));
  assert.deepEqual(
    found.map(({ location }) => location.slice(folder.length + 1)),
    ["closed", "d.jfif", "e.jpe", "gif", "jpeg"],
  );
  assert.deepEqual(leftOut.sort(), ["(none)", "(none)", "(none)", ".psd", ".psd", ".txt", ".zip"]);
});

test("what a glob does not ask for is not left out", async () => {
  const folder = folderWith("a.jpg", "b.txt", "ab.txt");
  const leftOut: string[] = [];
  const told = { folder, onLeftOut: (ending: string) => leftOut.push(ending) };
  await list(["*.jpg"], told);
  assert.deepEqual(leftOut, []);
  await list(["a*"], told);
  assert.deepEqual(leftOut, [".txt"]);
});

test("a web address is listed in its place, for a reader of its scheme", async () => {
  const folder = folderWith("a.jpg", "b.jpg");
  const refs = await list(["a.jpg", "https://example.org/x.jpg#top", "http://[bad", "b.jpg"], { folder });
  assert.deepEqual(
    refs.map(({ scheme, uri }) => [scheme, scheme === "file" ? "" : uri]),
    [
      ["file", ""],
      ["https", "https://example.org/x.jpg"],
      ["http", "http://[bad"],
      ["file", ""],
    ],
  );
});

test("a file whose mtime is in the future has a version, one whose ctime is has none", () => {
  const stats = (mtimeMs: number, ctimeMs: number) =>
    ({ size: 1n, mtimeNs: BigInt(mtimeMs) * 1_000_000n, ctimeNs: BigInt(ctimeMs) * 1_000_000n }) as BigIntStats;
  const now = 1_000_000;
  assert.equal(fileVersion(stats(now + 50_000, now - 5_000), now), "1-1050000000000-995000000000");
  assert.equal(fileVersion(stats(now + 50_000, now - 1_000), now), null);
  assert.equal(fileVersion(stats(now - 50_000, now + 5_000), now), null);
  assert.equal(fileVersion(stats(now - 1_000, now - 50_000), now), null);
});

test("hidden files and files that are not images are left out of folders", async () => {
  const folder = folderWith(".hidden.jpg", ".git/x.jpg", "notes.txt", "jpg", "a.jpg.part", "a.jpg");
  assert.deepEqual(await names(folder), ["a.jpg"]);
});

test("a file given by name is listed whatever its ending, hidden or not", async () => {
  const folder = folderWith("notes.txt", ".hidden.jpg");
  assert.deepEqual(await names(folder, ["notes.txt", ".hidden.jpg"]), ["notes.txt", ".hidden.jpg"]);
});

test("inputs keep their order and say which one they came from", async () => {
  const folder = folderWith("b/1.jpg", "a/2.jpg", "3.jpg");
  const refs = await list(["b", "3.jpg", "a"], { folder });
  const uri = (name: string) => pathToFileURL(join(folder, name)).href;
  assert.deepEqual(
    refs.map((ref) => [ref.uri, ref.root]),
    [
      [uri("b/1.jpg"), uri("b")],
      [uri("3.jpg"), uri("3.jpg")],
      [uri("a/2.jpg"), uri("a")],
    ],
  );
});

test("a ref carries size and a version of size and times", async () => {
  const folder = folderWith("a.jpg");
  const [ref] = await list(["a.jpg"], { folder });
  assert.equal(ref?.sizeBytes, 5);
  assert.match(ref?.version ?? "", /^5-\d{19}-\d{19}$/);
});

test("a file that changed less than two seconds ago has no version to trust", async () => {
  const folder = folderWith("a.jpg");
  const [young] = await list(["a.jpg"], { folder, now: Date.now });
  assert.equal(young?.version, null);
});

test("with a named base, refs and roots are named by it", async () => {
  const folder = folderWith("photos/2024/a b.jpg");
  const [ref] = await list(["photos/2024"], { folder, naming: { base: "photos", as: "mine" } });
  assert.equal(ref?.uri, "mine:2024/a b.jpg");
  assert.equal(ref?.root, "mine:2024");
  assert.equal(ref?.location, join(folder, "photos/2024/a b.jpg"));
});

test("a glob lists what it matches, and images only unless it names an ending", async () => {
  const folder = folderWith("a1.jpg", "a2.png", "b.jpg", "x/a3.jpg", "x/y/a4.jpg", "a5.txt");
  assert.deepEqual(await names(folder, ["a*"]), ["a1.jpg", "a2.png"]);
  assert.deepEqual(await names(folder, ["**/a*.jpg"]), ["a1.jpg", "x/a3.jpg", "x/y/a4.jpg"]);
  assert.deepEqual(await names(folder, ["x/*"]), ["x/a3.jpg"]);
  assert.deepEqual(await names(folder, ["*.{txt,png}"]), ["a2.png", "a5.txt"]);
  assert.deepEqual(await names(folder, [`${folder}/a[12].*`]), ["a1.jpg", "a2.png"]);
});

test("a file whose name looks like a pattern is that file", async () => {
  const folder = folderWith("photo[1].jpg", "photo1.jpg");
  assert.deepEqual(await names(folder, ["photo[1].jpg"]), ["photo[1].jpg"]);
});

test("file URLs are paths", async () => {
  const folder = folderWith("a b.jpg");
  assert.deepEqual(await names(folder, [pathToFileURL(join(folder, "a b.jpg")).href]), ["a b.jpg"]);
});

test("a path that does not exist is listed in its place", async () => {
  const folder = folderWith("a.jpg", "b.jpg");
  assert.deepEqual(await names(folder, ["no1.jpg", "a.jpg", "no2.jpg", "b.jpg", "no3.jpg"]), [
    "no1.jpg",
    "a.jpg",
    "no2.jpg",
    "b.jpg",
    "no3.jpg",
  ]);
});

test("when nothing exists the listing fails and names some of it", async () => {
  const folder = folderWith();
  await assert.rejects(list(["no1", "no2", "no*"], { folder }), (error) => {
    assert.ok(HeadraceError.is(error));
    assert.equal(error.code, "source_failed");
    assert.match(error.message, /no1.*no2/);
    return true;
  });
});

test("a glob that matches nothing is like a path that does not exist", async () => {
  const folder = folderWith("a.jpg", "empty/");
  await assert.rejects(list(["empty/**/*.gif"], { folder }), {
    code: "source_failed",
    message: "inputs: expected at least one existing file or folder, found none for empty/**/*.gif",
  });
  await assert.rejects(list(["gone/*.gif"], { folder }), {
    code: "source_failed",
    message: "inputs: expected at least one existing file or folder, found none for gone/*.gif",
  });
  await assert.rejects(list(["no.jpg", "*.gif"], { folder }), {
    code: "source_failed",
    message: /^inputs: expected at least one existing file or folder, found none for .*no\.jpg, \*\.gif$/,
  });
  assert.deepEqual(await names(folder, ["*.gif", "a.jpg", "*.png"]), ["*.gif", "a.jpg", "*.png"]);
  assert.deepEqual(await names(folder, ["empty", "*.gif"]), ["*.gif"]);
});

test("an empty folder is something that exists", async () => {
  const folder = folderWith("empty/");
  assert.deepEqual(await names(folder, ["empty", "no.jpg"]), ["no.jpg"]);
});

test("links are followed, but never in a circle, and keep their own names", async () => {
  const folder = folderWith("real/a.jpg", "loop/b.jpg");
  symlinkSync("../real", join(folder, "loop/real"));
  symlinkSync("..", join(folder, "loop/up"));
  symlinkSync("b.jpg", join(folder, "loop/link.jpg"));
  symlinkSync("gone.jpg", join(folder, "loop/broken.jpg"));
  assert.deepEqual(await names(folder, ["loop"]), [
    "loop/b.jpg",
    "loop/broken.jpg",
    "loop/link.jpg",
    "loop/real/a.jpg",
    "loop/up/real/a.jpg",
  ]);
});

test("a folder named like an image is listed itself only when it holds none", async () => {
  const folder = folderWith("full.png/a.jpg", "empty.png/", "plain/");
  assert.deepEqual(await names(folder), ["empty.png", "full.png/a.jpg"]);
});

test("a folder that may not be entered is listed itself, and the rest goes on", async () => {
  const folder = folderWith("a.jpg", "closed/b.jpg", "z.jpg");
  chmodSync(join(folder, "closed"), 0);
  const found = await asNobody(() => names(folder));
  chmodSync(join(folder, "closed"), 0o755);
  assert.deepEqual(found, ["a.jpg", "closed", "z.jpg"]);
});

test("inputs that arrive one by one are listed as they arrive", async () => {
  const folder = folderWith("a.jpg", "b.jpg");
  let asked = 0;
  async function* inputs() {
    for (const name of ["a.jpg", "b.jpg"]) {
      asked++;
      yield name;
    }
  }
  const seen: number[] = [];
  for await (const _ of listFiles(inputs(), { folder }).list(never)) seen.push(asked);
  assert.deepEqual(seen, [1, 2]);
});

test("stop ends a listing", async () => {
  const folder = folderWith(...Array.from({ length: 60 }, (_, index) => `${index}.jpg`));
  const stop = new AbortController();
  let count = 0;
  for await (const _ of listFiles(["."], { folder, statsAhead: 4 }).list(stop.signal)) if (++count === 5) stop.abort();
  assert.ok(count < 12, `listed ${count} after a stop at 5`);
});

test("a folder larger than the window of names is listed whole and in order", async () => {
  const folder = folderWith(...Array.from({ length: 57 }, (_, index) => `${(index * 31) % 57}.jpg`));
  const all = (await collect(sortedEntries(folder, never))).map((entry) => entry.name);
  assert.equal(all.length, 57);
  assert.deepEqual(all, all.toSorted());
  for (const window of [1, 5, 19, 56, 57, 58]) {
    const windowed = (await collect(sortedEntries(folder, never, window))).map((entry) => entry.name);
    assert.deepEqual(windowed, all, `window ${window}`);
  }
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
