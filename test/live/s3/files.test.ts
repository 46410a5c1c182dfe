/** Tables and archives in buckets, served by moto, also through a connection that breaks off. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type Workspace, workspace } from "../../flow/command.js";
import { tarOf } from "../../support/archives.js";
import { writeParquet } from "../../support/parquet-table.js";
import { installMoto, type MotoServer, startMoto } from "../../support/services/moto.js";
import { skipUnless } from "../../support/services/required.js";

const skip = await skipUnless("moto", installMoto);
const golden = resolve("test", "fidelity", "golden");
const photo = new Uint8Array(await readFile(join(golden, "coffee.jpg")));

interface Document {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly failures: readonly { readonly source: string; readonly code: string }[];
}

const counts = ({ read, stored, skipped, failed }: Document) => [read, stored, skipped, failed];
const shard = (name: string) => [
  { name: `${name}.json`, bytes: Buffer.from(JSON.stringify({ key: name })) },
  { name: `${name}.jpg`, bytes: photo },
];

describe("tables and archives in buckets", { skip }, () => {
  let moto: MotoServer;
  let client: S3Client;
  const put = (Key: string, Body: Uint8Array | string) => client.send(new PutObjectCommand({ Bucket: "photos", Key, Body }));
  before(async () => {
    process.env["AWS_ACCESS_KEY_ID"] = "test";
    process.env["AWS_SECRET_ACCESS_KEY"] = "test";
    moto = await startMoto();
    client = new S3Client({ endpoint: moto.url, region: "eu-central-1", forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: "photos", CreateBucketConfiguration: { LocationConstraint: "eu-central-1" } }));
  });
  after(async () => {
    client?.destroy();
    await moto?.stop();
  });

  async function space(): Promise<Workspace> {
    const made = await workspace();
    await writeFile(join(made.folder, "headrace.yaml"), `s3:\n  endpoint: ${moto.url}\n  region: eu-central-1\n`);
    return made;
  }

  test("shards with odd names are stored with the texts beside their images; only a changed shard is read again", async () => {
    await using made = await space();
    const keys = ["s/a #1 100%25.tar", "s/b.tar"];
    for (const [at, key] of keys.entries()) await put(key, tarOf([...shard(`${at}-a`), ...shard(`${at}-b`)]));
    const addresses = keys.map((key) => `s3://photos/${key}`);
    assert.deepEqual(counts(await made.json<Document>(0, "ingest", ...addresses)), [4, 4, 0, 0]);
    assert.deepEqual(counts(await made.json<Document>(0, "ingest", ...addresses)), [4, 0, 4, 0]);
    await put(keys[1] ?? "", tarOf([...shard("1-a"), ...shard("1-c")]));
    const changed = await made.json<Document>(0, "ingest", ...addresses);
    assert.deepEqual([changed.read, changed.failed], [4, 0]);
    const { hits } = await made.json<{ hits: { source: string; metadata: { key: string } }[] }>(
      0,
      ...["search", "tar+s3://photos/s/a %231 100%2525.tar#0-b.jpg"],
    );
    assert.deepEqual(
      hits.map(({ source, metadata }) => [source, metadata.key]).sort(),
      ["0-a", "0-b", "1-a", "1-b", "1-c"].map((key) => [
        `tar+s3://photos/s/${key.startsWith("0") ? "a %231 100%2525" : "b"}.tar#${key}.jpg`,
        key,
      ]),
    );
  });

  test("tables name objects beside them as they are spelled, and cannot leave their bucket or name files", async () => {
    await using made = await space();
    await put("t/in/a #1%20.jpg", photo);
    await put("b.jpg", photo);
    await put("t/list.csv", "path\nin/a #1%20.jpg\n../b.jpg\n../../x.jpg\n/etc/passwd\nfile:///etc/passwd\ns3://photos/b.jpg\n");
    const document = await made.json<Document>(3, "ingest", "s3://photos/t/list.csv");
    assert.deepEqual(counts(document), [6, 2, 1, 3]);
    assert.deepEqual(
      document.failures.map(({ source, code }) => [source, code]),
      [4, 5, 6].map((line) => [`s3://photos/t/list.csv:${line}`, "source_refused"]),
    );
    await writeParquet(join(made.folder, "rows.parquet"), [{ name: "image", data: [photo, photo], type: "BYTE_ARRAY" }]);
    await put("rows.parquet", await readFile(join(made.folder, "rows.parquet")));
    assert.deepEqual(counts(await made.json<Document>(0, "ingest", "s3://photos/rows.parquet")), [2, 2, 0, 0]);
    assert.deepEqual(counts(await made.json<Document>(0, "ingest", "s3://photos/rows.parquet")), [2, 0, 2, 0]);
  });

  test("an object whose connection breaks off is continued where it broke", async () => {
    await using made = await space();
    const bytes = tarOf(Array.from({ length: 50 }, (_, at) => shard(String(at))).flat());
    await put("long.tar", bytes);
    await using torn = await tornServer(moto.url, "/photos/long.tar", Math.floor(bytes.byteLength / 3));
    const document = await made.json<Document>(0, "ingest", "s3://photos/long.tar", "--set", `s3.endpoint=${torn.url}`);
    assert.deepEqual(counts(document), [50, 50, 0, 0]);
    assert.equal(torn.ranges.length, 2);
    assert.ok(
      torn.ranges.every((range) => /^bytes=[1-9]\d*-$/.test(range)),
      torn.ranges.join(),
    );
  });
});

/** Passes requests on, and drops the connection in the middle of the first two answers for a path. */
async function tornServer(target: string, path: string, afterBytes: number) {
  const ranges: string[] = [];
  let answers = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = "" } = incoming;
    const isTorn = url.split("?")[0] === path && answers < 2;
    if (url.split("?")[0] === path) answers += 1;
    if (headers.range !== undefined) ranges.push(headers.range);
    const forwarded = request(new URL(url, target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      if (!isTorn) answer.pipe(outgoing);
      else {
        let sent = 0;
        answer.on("data", (chunk: Buffer) => {
          sent += chunk.byteLength;
          if (sent < afterBytes) outgoing.write(chunk);
          else outgoing.write(chunk, () => outgoing.destroy());
        });
      }
    });
    incoming.pipe(forwarded);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ranges,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
