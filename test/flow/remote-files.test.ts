/** Tables and archives on web servers, as a user names them: they work as local ones do, and name nothing on this machine. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { fileServer } from "../sources/file-server.js";
import { type PackedFile, tarOf, writeZip } from "../support/archives.js";
import { extent } from "../support/extent.js";
import { writeParquet } from "../support/parquet-table.js";
import { waitUntil } from "../support/services/process.js";
import { ended, type Workspace, workspace } from "./command.js";

interface Document {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly tried: number;
  readonly failures: readonly { readonly source: string; readonly code: string; readonly message: string; readonly hint: string }[];
}

interface Row {
  readonly id: string;
  readonly source: string;
  readonly score: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const golden = resolve("test", "fidelity", "golden");
const coffee = new Uint8Array(await readFile(join(golden, "coffee.jpg")));
const cat = new Uint8Array(await readFile(join(golden, "chelsea.jpg")));
const counts = ({ read, stored, skipped, failed }: Document) => [read, stored, skipped, failed];
const text = (value: string) => Buffer.from(value);
const small = await readFile(join(golden, "coffee.jpg"));

async function rowsOf(space: Workspace): Promise<readonly Row[]> {
  const { hits } = await space.json<{ hits: Row[] }>(0, "search", join(golden, "coffee.jpg"), "--top-k", "1000");
  return [...hits].sort((a, b) => (a.source < b.source ? -1 : 1));
}

/** Names of files that are left of copies. */
async function copiesIn(space: Workspace): Promise<readonly string[]> {
  const names = await readdir(join(space.folder, "headrace-data", "downloads"), { recursive: true }).catch(() => []);
  return names.filter((name) => !name.startsWith("names") && /\.(tar|zip|gz|parquet|csv|txt|jsonl)$/.test(name));
}

function samples(count: number): readonly PackedFile[] {
  return Array.from({ length: count }, (_, at) => [
    { name: `${String(at).padStart(5, "0")}.json`, bytes: text(JSON.stringify({ at })) },
    { name: `${String(at).padStart(5, "0")}.jpg`, bytes: at % 2 === 0 ? coffee : cat },
  ]).flat();
}

async function zipOf(files: readonly PackedFile[]): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-zip-"));
  try {
    await writeZip(join(folder, "a.zip"), files);
    return await readFile(join(folder, "a.zip"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const [name, scheme, pack] of [
  ["photos.tar", "tar+http", async (files: readonly PackedFile[]) => tarOf(files)],
  ["photos.tar.gz", "tgz+http", async (files: readonly PackedFile[]) => gzipSync(tarOf(files))],
  ["photos.zip", "zip+http", zipOf],
] as const) {
  test(`${name} behind a URL is stored with its metadata; a second run stores nothing, and its rows can be searched with`, async () => {
    await using server = await fileServer({ [`/${name}`]: { bytes: await pack(samples(40)) } });
    await using space = await workspace();
    const url = `${server.url}/${name}`;
    assert.deepEqual(counts(await space.json<Document>(0, "ingest", `${url}?token=a#b`)), [40, 40, 0, 0]);
    assert.deepEqual(await copiesIn(space), []);
    const rows = await rowsOf(space);
    const sources = Array.from({ length: 40 }, (_, at) => `${scheme}${url.slice(4)}?token=a#${String(at).padStart(5, "0")}.jpg`);
    assert.deepEqual(
      rows.map(({ source }) => source),
      sources,
    );
    assert.deepEqual(
      rows.map(({ metadata }) => metadata["at"]),
      sources.map((_, at) => at),
    );
    assert.deepEqual(counts(await space.json<Document>(0, "ingest", `${url}?token=a`)), [40, 0, 40, 0]);
    const { hits } = await space.json<{ hits: Row[] }>(0, "search", sources[1] ?? "", "--top-k", "1");
    assert.ok((hits[0]?.score ?? 0) > 0.9999);
    assert.deepEqual(await copiesIn(space), []);
  });
}

test("shards with numbers in braces are all read, and a shard that is missing fails alone", async () => {
  const shard = (from: number) => tarOf(samples(from + 10).slice(from * 2));
  await using server = await fileServer({
    "/s-08.tar": { bytes: shard(0) },
    "/s-09.tar": { bytes: shard(10) },
    "/s-11.tar": { bytes: shard(20) },
  });
  await using space = await workspace();
  const document = await space.json<Document>(3, "ingest", `${server.url}/s-{08..11}.tar`);
  assert.deepEqual(counts(document), [31, 30, 0, 1]);
  assert.deepEqual(
    document.failures.map(({ source, code }) => [source, code]),
    [[`${server.url}/s-10.tar`, "source_not_found"]],
  );
});

test("a table on a web server names images beside it and elsewhere, with ids and metadata", async () => {
  const list = text("id,image_url,year\na,in/a.jpg,1\nb,../b.jpg?x=1,2\nc,URL/c.jpg,3\nd,d d.jpg,4\n");
  const files = { "/t/list.csv": { bytes: list as Uint8Array }, "/t/in/a.jpg": { bytes: coffee }, "/b.jpg": { bytes: cat } };
  await using server = await fileServer({ ...files, "/c.jpg": { bytes: coffee }, "/t/d%20d.jpg": { bytes: cat } });
  files["/t/list.csv"].bytes = text(list.toString().replace("URL", server.url));
  await using space = await workspace();
  assert.deepEqual(counts(await space.json<Document>(0, "ingest", `${server.url}/t/list.csv`)), [4, 4, 0, 0]);
  assert.deepEqual(
    (await rowsOf(space)).map(({ id, source, metadata }) => [id, source.replace(server.url, ""), metadata["year"]]),
    [
      ["b", "/b.jpg?x=1", 2],
      ["c", "/c.jpg", 3],
      ["d", "/t/d%20d.jpg", 4],
      ["a", "/t/in/a.jpg", 1],
    ],
  );
  assert.deepEqual(counts(await space.json<Document>(0, "ingest", `${server.url}/t/list.csv`)), [4, 0, 4, 0]);
});

test("Parquet files on a web server are read with images and with URLs", async () => {
  await using space = await workspace();
  const path = (name: string) => join(space.folder, name);
  await writeParquet(
    path("bytes.parquet"),
    [
      { name: "image", data: Array.from({ length: 30 }, (_, at) => (at % 2 === 0 ? coffee : cat)), type: "BYTE_ARRAY" },
      { name: "n", data: Array.from({ length: 30 }, (_, at) => at), type: "INT32" },
    ],
    10,
  );
  await writeParquet(path("urls.parquet"), [{ name: "url", data: ["a.jpg", "b.jpg"], type: "STRING" }]);
  await using server = await fileServer({
    "/bytes.parquet": { bytes: await readFile(path("bytes.parquet")), version: "none" },
    "/urls.parquet": { bytes: await readFile(path("urls.parquet")), version: "last-modified" },
    "/a.jpg": { bytes: coffee },
    "/b.jpg": { bytes: cat },
  });
  const urls = [`${server.url}/bytes.parquet`, `${server.url}/urls.parquet`];
  assert.deepEqual(counts(await space.json<Document>(0, "ingest", ...urls)), [32, 32, 0, 0]);
  assert.deepEqual(counts(await space.json<Document>(0, "ingest", ...urls)), [32, 0, 32, 0]);
  const row = (await rowsOf(space)).find(({ metadata }) => metadata["n"] === 16);
  assert.equal(row?.source, `parquet+${server.url}/bytes.parquet#image:17`);
});

test("a list from a stranger cannot name anything on this machine: each such name is refused alone", async () => {
  await using space = await workspace();
  await writeFile(join(space.folder, "here.jpg"), coffee);
  await writeFile(join(space.folder, "here.tar"), tarOf([{ name: "a.jpg", bytes: coffee }]));
  const here = join(space.folder, "here.jpg");
  const hostile = [
    ...[here, `file://${here}`, `FILE://${here}`, `file:${here}`, ` file://${here}`, `\tfile://${here}`, "fi\tle:///etc/passwd"],
    ...[`tar://${space.folder}/here.tar#a.jpg`, `zip://${space.folder}/a.zip#a.jpg`, "parquet:///a.parquet#image:1", "tgz:///a.tgz#a"],
    ...["C:\\photos\\a.jpg", "c:/a.jpg", "\\\\server\\share\\a.jpg", "..\\a.jpg", "//127.0.0.1/a.jpg", "ftp://host/a.jpg", "/etc/passwd"],
  ];
  const csv = `path\n${hostile.map((name) => `"${name}"`).join("\n")}\nhere.jpg\ngood.jpg\n`;
  const lines = hostile.map((input) => JSON.stringify({ input })).join("\n");
  await using server = await fileServer({
    "/list.csv": { bytes: text(csv) },
    "/list.jsonl": { bytes: text(`${lines}\n`) },
    "/good.jpg": { bytes: cat },
  });
  const document = await space.json<Document>(3, "ingest", `${server.url}/list.csv`);
  assert.deepEqual(counts(document), [hostile.length + 2, 1, 0, hostile.length + 1]);
  const codes = document.failures.map(({ source, code }) => [source, code]);
  assert.deepEqual(codes.slice(-1), [[`${server.url}/here.jpg`, "source_not_found"]], "a relative name is a name beside the list");
  assert.deepEqual(
    codes.slice(0, -1),
    hostile.map((_, at) => [`${server.url}/list.csv:${at + 2}`, "source_refused"]),
  );
  const manifest = await space.json<Document>(3, "ingest", `${server.url}/list.jsonl`);
  assert.deepEqual([manifest.failed, new Set(manifest.failures.map(({ code }) => code))], [hostile.length, new Set(["source_refused"])]);
  assert.deepEqual(
    (await rowsOf(space)).map(({ source }) => source),
    [`${server.url}/good.jpg`],
  );
});

test("a connection that breaks off is continued where it broke, and a server that always breaks it off is given up", async () => {
  const bytes = tarOf(samples(100));
  let drops = 0;
  const dropAfterBytes = () => {
    drops += 1;
    return drops <= 3 ? Math.floor(bytes.byteLength / 5) : null;
  };
  await using space = await workspace();
  const copiedBytes = async (): Promise<number> => {
    const copies = await copiesIn(space);
    const sizes = copies.map((name) => stat(join(space.folder, "headrace-data", "downloads", name)).then(({ size }) => size));
    return Math.max(0, ...(await Promise.all(sizes.map((size) => size.catch(() => 0)))));
  };
  const beforeDrop = () =>
    waitUntil("what was sent is on the disk", async () => (await copiedBytes()) >= drops * Math.floor(bytes.byteLength / 5), {
      timeoutMs: 60_000,
    });
  await using server = await fileServer({
    "/a.tar": { bytes, dropAfterBytes, beforeDrop },
    "/never.tar": { bytes, version: "none", dropAfterBytes: () => 5_000 },
  });
  const fast = ["--set", "http.retry_delay=0", "--set", "http.max_retries=4"];
  const document = await space.json<Document>(3, "ingest", `${server.url}/never.tar`, `${server.url}/a.tar`, ...fast);
  assert.deepEqual(counts(document), [101, 100, 0, 1]);
  assert.deepEqual(
    document.failures.map(({ source, code }) => [source, code]),
    [[`${server.url}/never.tar`, "source_unreadable"]],
  );
  const sentBytes = server.sentBytes["/a.tar"] ?? 0;
  assert.ok(sentBytes < 1.5 * bytes.byteLength, `${sentBytes} bytes were sent of ${bytes.byteLength}`);
  assert.equal(server.sent["/never.tar"], 5);
  assert.deepEqual(await copiesIn(space), []);
});

test("a file above the limit fails alone, and shards that together are larger wait for one another", async () => {
  const shard = (at: number) => tarOf([...samples(6), { name: `${at}.bin`, bytes: new Uint8Array(600 * 1024) }]);
  const shards = Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`/s-${at}.tar`, { bytes: shard(at) }]));
  await using server = await fileServer({
    ...shards,
    "/large.tar": { bytes: tarOf([{ name: "a.jpg", bytes: new Uint8Array(3 * 1024 * 1024) }]) },
  });
  await using space = await workspace();
  const limit = ["--set", "downloads.max_mb=2"];
  const document = await space.json<Document>(3, "ingest", `${server.url}/large.tar`, `${server.url}/s-{0..5}.tar`, ...limit);
  assert.deepEqual(counts(document), [37, 36, 0, 1]);
  assert.deepEqual(
    document.failures.map(({ source, code }) => [source, code]),
    [[`${server.url}/large.tar`, "source_too_large"]],
  );
  assert.match(document.failures[0]?.message ?? "", /downloads\.max_mb/);
  for (let at = 0; at < 6; at += 1) assert.equal(server.sent[`/s-${at}.tar`], 1, "each shard is sent once");
});

test("failures inside a remote archive are tried again from the archive, and stored when it has been mended", async () => {
  const files = [...samples(20).slice(0, 38), { name: "00019.jpg", bytes: text("not an image") }];
  const served = { bytes: tarOf(files) as Uint8Array };
  await using server = await fileServer({ "/a.tar": served });
  await using space = await workspace();
  assert.deepEqual(
    counts(await space.json<Document>(3, "ingest", `${server.url.replace("http://", "http://user:secret@")}/a.tar`)),
    [20, 19, 0, 1],
  );
  const letters = await readdir(join(space.folder, "headrace-data", "dead-letters"), { recursive: true });
  const letter = await readFile(
    join(space.folder, "headrace-data", "dead-letters", letters.find((name) => name.endsWith(".jsonl")) ?? ""),
    "utf8",
  );
  assert.ok(!letter.includes("secret"), letter);
  const again = await space.json<Document>(3, "retry");
  assert.deepEqual([again.tried, again.failed], [1, 1]);
  served.bytes = tarOf([{ name: "first.jpg", bytes: coffee }, ...files.slice(0, 38), { name: "00019.jpg", bytes: cat }]);
  const mended = await space.json<Document>(0, "retry");
  assert.deepEqual([mended.tried, mended.stored], [1, 1]);
  assert.equal((await rowsOf(space)).length, 20);
});

test("a killed run leaves no room taken: the next run deletes its copies and completes", async () => {
  const second = { bytes: tarOf(samples(40)), holdAfterBytes: 1_000_000 as number | null };
  await using server = await fileServer({ "/a.tar": { bytes: tarOf(samples(200)) }, "/b.tar": second });
  await using space = await workspace();
  const inputs = [`${server.url}/a.tar`, `${server.url}/b.tar`];
  // Without the launcher, which would end its command with grace.
  const command = join(dirname(space.bin), "main.js");
  const child = spawn(process.execPath, [command, "ingest", ...inputs, "--json"], { cwd: space.folder, stdio: ["ignore", "pipe", "pipe"] });
  const killed = ended(child);
  await space.rowsAppear();
  child.kill("SIGKILL");
  await killed;
  assert.notDeepEqual(await copiesIn(space), [], "killed with copies");
  second.holdAfterBytes = null;
  const document = await space.json<Document>(0, "ingest", ...inputs);
  assert.deepEqual([document.read, document.stored + document.skipped, document.failed], [240, 240, 0]);
  assert.deepEqual(await copiesIn(space), []);
  const rows = await rowsOf(space);
  assert.equal(new Set(rows.map(({ source }) => source)).size, 240);
});

test("two runs of the same archive at once store each image once", async () => {
  await using server = await fileServer({ "/a.tar": { bytes: tarOf(samples(60)) } });
  await using space = await workspace();
  const ingest = ["ingest", `${server.url}/a.tar`, "--json"];
  const [one, other] = await Promise.all([space.run(...ingest), space.run(...ingest, "--collection", "others")]);
  assert.deepEqual([one?.code, other?.code], [0, 0], one?.stderr ?? "");
  assert.equal((await rowsOf(space)).length, 60);
  assert.deepEqual(await copiesIn(space), []);
});

test("a public network is asked for at every hop: a list that redirects to this machine is refused", async () => {
  await using server = await fileServer({ "/list.csv": { bytes: text("path\na.jpg\n") } });
  await using space = await workspace();
  const document = await space.json<Document>(3, "ingest", `${server.url}/list.csv`, "--set", "http.network=public");
  assert.deepEqual(
    document.failures.map(({ code }) => code),
    ["address_refused"],
  );
  assert.deepEqual(server.requests, []);
});

const memberCount = extent({ some: 300, all: 2_000 });

test(`${memberCount} members in any order have exact counts, and deleting one syncs`, async () => {
  await using space = await workspace();
  const members = Array.from({ length: memberCount }, (_, at) => ({ name: `${(at * 1_237) % memberCount}.jpg`, bytes: small }));
  const served = { bytes: tarOf(members) as Uint8Array };
  await using server = await fileServer({ "/big.tar": served });
  assert.deepEqual(counts(await space.json<Document>(0, "sync", `${server.url}/big.tar`)), [memberCount, memberCount, 0, 0]);
  served.bytes = tarOf(members.slice(1));
  const synced = await space.json<Document & { missing: number; pruned: number }>(0, "sync", `${server.url}/big.tar`, "--prune");
  assert.deepEqual([synced.read, synced.failed, synced.missing, synced.pruned], [memberCount - 1, 0, 1, 1]);
  assert.equal((await space.run("count")).stdout.trim(), `${memberCount - 1}`);
});
