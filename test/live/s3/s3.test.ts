/** Buckets of S3, served by moto: the reader's contract, and runs through the command. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { s3Reader } from "../../../src/adapters/s3/index.js";
import type { ImageRef } from "../../../src/contracts/index.js";
import { readerConformance } from "../../conformance/reader.js";
import { type Workspace, workspace } from "../../flow/command.js";
import { installMoto, type MotoServer, startMoto } from "../../support/services/moto.js";
import { skipUnless } from "../../support/services/required.js";

const skip = await skipUnless("moto", installMoto);
const secret = "a-secret-that-nobody-may-see";
const bucket = "photos";
const golden = resolve("test", "fidelity", "golden");
const photo = await readFile(join(golden, "coffee.jpg"));
const cat = await readFile(join(golden, "chelsea.jpg"));

interface Document {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly leftOut: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly source: string; readonly code: string; readonly message: string; readonly hint: string }[];
}

const counts = ({ read, stored, skipped, failed }: Document) => [read, stored, skipped, failed];

describe("S3", { skip }, () => {
  let moto: MotoServer;
  let client: S3Client;
  const put = (Key: string, Body: Uint8Array) => client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));

  before(async () => {
    process.env["AWS_ACCESS_KEY_ID"] = "test";
    process.env["AWS_SECRET_ACCESS_KEY"] = secret;
    moto = await startMoto();
    client = new S3Client({ endpoint: moto.url, region: "eu-central-1", forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: "eu-central-1" } }));
  });
  after(async () => {
    client.destroy();
    await moto.stop();
  });

  readerConformance(
    "s3",
    async () => {
      const refTo = (key: string): ImageRef => {
        const uri = `s3://${bucket}/${key}`;
        return { uri, location: uri, scheme: "s3", root: uri, version: null, sizeBytes: null, metadata: null };
      };
      return {
        reader: s3Reader({ endpoint: moto.url, region: "eu-central-1" }),
        put: async (name, bytes) => {
          await put(`conformance/${name}`, bytes);
          return refTo(`conformance/${name}`);
        },
        missing: () => refTo("conformance/missing.jpg"),
        dispose: async () => {},
      };
    },
    // moto asks for no permissions.
    { cannot: ["forbid"] },
  );

  async function space(): Promise<Workspace> {
    const made = await workspace();
    await writeFile(join(made.folder, "headrace.yaml"), `s3:\n  endpoint: ${moto.url}\n  region: eu-central-1\n`);
    return made;
  }

  test("a prefix, a bucket and one object are listed, with keys of odd characters; other objects are left out", async () => {
    await using made = await space();
    const keys = ["odd/a b.jpg", "odd/100%25?x=1#y.jpg", "odd/in/ü+&.jpg"];
    for (const key of keys) await put(key, photo);
    await put("odd/notes.txt", photo);
    await put("odd/.hidden/x.jpg", photo);
    await put("odd", photo);
    await put("oddly/other.jpg", photo);
    const below = await made.json<Document>(0, "ingest", `s3://${bucket}/odd/`);
    assert.deepEqual([counts(below), below.leftOut], [[3, 3, 0, 0], { ".txt": 1 }]);
    const one = await made.json<Document>(0, "ingest", `s3://${bucket}/odd`);
    assert.deepEqual(counts(one), [1, 1, 0, 0], "an object with exactly this key goes before the prefix");
    const { hits } = await made.json<{ hits: { source: string; score: number }[] }>(0, "search", `s3://${bucket}/odd/100%25?x=1#y.jpg`);
    assert.deepEqual(hits.map(({ source }) => source).sort(), [...keys.map((key) => `s3://${bucket}/${key}`), `s3://${bucket}/odd`].sort());
  });

  test("more objects than a page has are listed, and a second run reads none of them but the one that has changed", async () => {
    await using made = await space();
    const count = 1_100;
    await inGroups(count, 50, (at) => put(`many/${at}.jpg`, photo));
    const first = await made.json<Document>(0, "ingest", `s3://${bucket}/many`);
    assert.deepEqual(counts(first), [count, count, 0, 0]);
    await put("many/7.jpg", cat);
    const second = await made.json<Document>(0, "ingest", `s3://${bucket}/many`);
    assert.deepEqual(counts(second), [count, 1, count - 1, 0]);
  });

  test("a table of addresses, a known object without a listing, and a program's listing", async () => {
    await using made = await space();
    await put("table/a.jpg", photo);
    await writeFile(join(made.folder, "t.csv"), `s3_uri,n\ns3://${bucket}/table/a.jpg,1\ns3://${bucket}/table/none.jpg,2\n`);
    const first = await made.json<Document>(3, "ingest", "t.csv");
    assert.deepEqual([counts(first), first.failures[0]?.code], [[2, 1, 0, 1], "source_not_found"]);
    assert.deepEqual(counts(await made.json<Document>(3, "ingest", "t.csv")), [2, 0, 1, 1], "the server says that it has not changed");
  });

  test("a missing bucket, missing credentials and an archive that is not in its bucket have clear errors, without secrets", async () => {
    await using made = await space();
    const missing = await made.run("ingest", "s3://no-such-bucket-here/", "--json");
    assert.match(missing.stdout, /"source_failed".*Cannot list s3:\/\/no-such-bucket-here\/.*NoSuchBucket/);
    const archive = await made.json<Document>(3, "ingest", `s3://${bucket}/x.tar`);
    assert.deepEqual(
      archive.failures.map(({ source, code }) => [source, code]),
      [[`s3://${bucket}/x.tar`, "source_not_found"]],
    );
    const nothing = await made.json<Document>(3, "ingest", `s3://${bucket}/nothing/here`);
    assert.deepEqual(
      nothing.failures.map(({ code }) => code),
      ["source_not_found"],
    );
    const closed = await made.run(
      "ingest",
      `s3://${bucket}/odd/`,
      "--set",
      "s3.endpoint=http://127.0.0.1:1",
      "--set",
      "s3.max_retries=0",
      "--json",
    );
    assert.match(closed.stdout, /ECONNREFUSED/);
    const printed = await made.run("config", "--json");
    for (const { stdout, stderr } of [missing, closed, printed]) assert.ok(!`${stdout}${stderr}`.includes(secret));
  });

  test("requests that the server refuses for the moment, or cuts off, are tried again, and no more often than the setting says", async () => {
    await using made = await space();
    const keys = Array.from({ length: 20 }, (_, at) => `busy/${at}.jpg`);
    for (const key of [...keys, "busy/never.jpg"]) await put(key, photo);
    await using busy = await busyServer(moto.url, "/photos/busy/never.jpg");
    const found = await made.json<Document>(
      3,
      ...["ingest", `s3://${bucket}/busy/`, "--set", `s3.endpoint=${busy.url}`, "--set", "s3.max_retries=3"],
    );
    assert.deepEqual(counts(found), [21, 20, 0, 1]);
    assert.deepEqual([found.failures[0]?.source, found.failures[0]?.code], [`s3://${bucket}/busy/never.jpg`, "source_unreadable"]);
    assert.equal(busy.asked("/photos/busy/never.jpg"), 4);
    for (const key of keys) assert.ok(busy.asked(`/photos/${key}`) >= 2, "the first request for each object is refused");
  });

  test("public buckets are read without credentials, which are asked for otherwise", async () => {
    await using made = await space();
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: "public/a.jpg", Body: photo, ACL: "public-read" }));
    const names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;
    const kept = names.map((name) => process.env[name]);
    for (const name of names) delete process.env[name];
    process.env["AWS_EC2_METADATA_DISABLED"] = "true";
    process.env["HOME"] = made.folder;
    try {
      const refused = await made.run("ingest", `s3://${bucket}/public/`, "--json");
      assert.match(refused.stdout, /AWS_ACCESS_KEY_ID/, "the hint says where credentials come from");
      const open = await made.json<Document>(0, "ingest", `s3://${bucket}/public/`, "--set", "s3.anonymous=true");
      assert.deepEqual(counts(open), [1, 1, 0, 0]);
    } finally {
      names.forEach((name, at) => {
        process.env[name] = kept[at];
      });
    }
  });
});

async function inGroups(count: number, size: number, work: (at: number) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < count; start += size) {
    await Promise.all(Array.from({ length: Math.min(size, count - start) }, (_, at) => work(start + at)));
  }
}

interface BusyServer extends AsyncDisposable {
  readonly url: string;
  /** Number of requests for a path. */
  asked(path: string): number;
}

/** Refuses the first request for each path: every second one with 503, the others by closing the connection. Refuses `never` always. */
async function busyServer(target: string, never: string): Promise<BusyServer> {
  const asked = new Map<string, number>();
  const server = createServer((incoming, outgoing) => {
    const path = (incoming.url ?? "").split("?")[0] ?? "";
    const count = (asked.get(path) ?? 0) + 1;
    asked.set(path, count);
    if (path === never || (count === 1 && asked.size % 2 === 0)) {
      outgoing.writeHead(503, { "content-type": "application/xml" }).end("<Error><Code>SlowDown</Code><Message>later</Message></Error>");
      return;
    }
    if (count === 1) {
      incoming.socket.destroy();
      return;
    }
    const { method = "GET", headers } = incoming;
    const forwarded = request(new URL(incoming.url ?? "", target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  });
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: (path) => asked.get(path) ?? 0,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
