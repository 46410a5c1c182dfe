/** Archives that end too early, wherever that is: one failure, and nothing is taken for listed. Whole archives of common writers have none. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { listInputs } from "../../src/app/index.js";
import { tarOf, writeZip } from "../support/archives.js";

const run = promisify(execFile);
/** Bytes that do not compress, the same in each run. */
const bytesOf = (length: number, seed: number) => {
  const bytes = new Uint8Array(length);
  for (let at = 0, state = seed; at < length; at += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    bytes[at] = 1 + ((state >> 16) % 255);
  }
  return bytes;
};
const files = [
  { name: "a.jpg", bytes: bytesOf(1_500, 1) },
  { name: "b.npy", bytes: bytesOf(9_000, 2) },
  { name: `${"long-".repeat(40)}name.jpg`, bytes: bytesOf(700, 3) },
  { name: "a.json", bytes: Buffer.from('{"label":"cup"}') },
  { name: "in/c.jpg", bytes: bytesOf(2_048, 4) },
  { name: "d.wav", bytes: bytesOf(14_000, 5) },
];
const images = files.filter(({ name }) => name.endsWith(".jpg")).length;
const madeByTar = ["gnu", "pax", "ustar", "v7"] as const;
const makers = ["node", ...madeByTar, "python"] as const;
const script = `
import sys, tarfile
with tarfile.open(sys.argv[1], "w") as tar:
    for name in sys.argv[2:]:
        tar.add(name)
`;

interface Listed {
  readonly images: number;
  /** Images that fail alone. */
  readonly badImages: number;
  /** Failures of the archive, which a retry lists again. */
  readonly failures: readonly string[];
  readonly isListed: boolean;
}

describe("archives that end too early", () => {
  let folder = "";
  let wholes: ReadonlyMap<(typeof makers)[number], Buffer> = new Map();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-torn-"));
    const plain = join(folder, "files");
    await mkdir(join(plain, "in"), { recursive: true });
    for (const { name, bytes } of files) await writeFile(join(plain, name), bytes);
    const path = join(folder, "made.tar");
    const names = files.map(({ name }) => name);
    wholes = new Map([["node", tarOf(files)]]);
    for (const format of madeByTar) {
      const short = format === "v7" || format === "ustar" ? names.filter((name) => name.length < 90) : names;
      await run("tar", ["-C", plain, `--format=${format}`, "-cf", path, ...short]);
      wholes = new Map([...wholes, [format, await readFile(path)]]);
    }
    await run("python3", ["-c", script, path, ...names], { cwd: plain });
    wholes = new Map([...wholes, ["python", await readFile(path)]]);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function list(bytes: Uint8Array, name = "t.tar"): Promise<Listed> {
    const path = join(folder, name);
    await writeFile(path, bytes);
    let isListed = false;
    const failures: string[] = [];
    let found = 0;
    let badImages = 0;
    for await (const { ref } of listInputs({ paths: [path] })(new AbortController().signal, () => (isListed = true))) {
      if (ref.refused?.kind !== "fail") found += 1;
      else if (ref.unlisted === undefined) badImages += 1;
      else failures.push(ref.refused.error.message);
    }
    return { images: found, badImages, failures, isListed };
  }
  const wholeOf = (maker: (typeof makers)[number]) => wholes.get(maker) ?? assert.fail();
  const imagesOf = (maker: (typeof makers)[number]) => (maker === "v7" || maker === "ustar" ? images - 1 : images);
  /** Where the null blocks at the end begin. */
  const endOf = (tar: Buffer) => tar.length - [...tar].reverse().findIndex((byte) => byte !== 0);
  function* cutsOf(length: number): Generator<number> {
    for (let at = 0; at < length; at += 512) yield* [at, at + 1, at + 300].filter((cut) => cut < length);
  }

  for (const maker of makers) {
    test(`a tar of ${maker} that is whole has no failure, and a cut anywhere before its end mark is one failure with its position`, async () => {
      const whole = wholeOf(maker);
      assert.deepEqual(await list(whole), { images: imagesOf(maker), badImages: 0, failures: [], isListed: true });
      const end = Math.ceil(endOf(whole) / 512) * 512;
      for (const cut of cutsOf(whole.length)) {
        const { failures, isListed } = await list(whole.subarray(0, cut));
        if (cut >= end + 1_024) assert.deepEqual([failures, isListed], [[], true], `cut at ${cut}`);
        else {
          assert.deepEqual([failures.length, isListed], [1, false], `cut at ${cut}: ${failures.join("\n")}`);
          const [, from] = /t\.tar: from byte (\d+) on its content is unknown: /.exec(failures[0] ?? "") ?? [];
          assert.ok(Number(from) <= cut && Number(from) % 512 === 0, failures[0]);
        }
      }
    });
  }

  test("a tar whose missing end is filled with zeros is one failure, unless each image has its place before them", async () => {
    const whole = wholeOf("gnu");
    for (const cut of cutsOf(endOf(whole))) {
      const filled = Buffer.concat([whole.subarray(0, cut), Buffer.alloc(whole.length - cut)]);
      const { failures, isListed, images: found, badImages } = await list(filled);
      if (isListed) assert.equal(found + badImages, images, `cut at ${cut}`);
      else assert.equal(failures.length, 1, `cut at ${cut}: ${failures.join("\n")}`);
    }
    const grown = await list(Buffer.concat([whole, Buffer.alloc(100_000 * 512)]));
    assert.match(grown.failures.join("\n"), /found 512\d{5} null bytes, which is more than fills a record/);
  });

  test("a tar of zeros alone, as a download begins, is one failure, and an empty archive none", async () => {
    assert.equal((await list(Buffer.alloc(5_000_000 * 2))).failures.length, 1);
    assert.deepEqual(await list(Buffer.alloc(10_240)), { images: 0, badImages: 0, failures: [], isListed: true });
    assert.equal((await list(Buffer.alloc(0))).failures.length, 1);
  });

  test("a compressed tar that is cut anywhere is one failure, and so is a whole one of a tar that was cut", async () => {
    const whole = wholeOf("gnu");
    const packed = gzipSync(whole);
    assert.deepEqual(await list(packed, "t.tar.gz"), { images, badImages: 0, failures: [], isListed: true });
    for (const cut of cutsOf(packed.length)) {
      const { failures, isListed } = await list(packed.subarray(0, cut), "t.tar.gz");
      assert.deepEqual([failures.length, isListed], [1, false], `cut at ${cut}: ${failures.join("\n")}`);
      assert.match(failures[0] ?? "", /from byte \d+ on its content is unknown: /);
    }
    for (let cut = 0; cut < endOf(whole); cut += 512) {
      const { failures, isListed } = await list(gzipSync(whole.subarray(0, cut)), "t.tgz");
      assert.deepEqual([failures.length, isListed], [1, false], `cut at ${cut}: ${failures.join("\n")}`);
    }
  });

  test("a compressed tar with a wrong checksum is one failure, with all its images", async () => {
    const packed = gzipSync(wholeOf("gnu"));
    packed[packed.length - 8]! ^= 0xff;
    const { images: found, failures, isListed } = await list(packed, "t.tar.gz");
    assert.deepEqual([found, failures.length, isListed], [images, 1, false]);
  });

  test("archives that were written one after the other are all listed, compressed or not, and one that is cut is one failure", async () => {
    const second = tarOf([{ name: "second.jpg", bytes: bytesOf(3_000, 9) }]);
    for (const maker of makers) {
      const both = Buffer.concat([wholeOf(maker), second]);
      assert.deepEqual(await list(both), { images: imagesOf(maker) + 1, badImages: 0, failures: [], isListed: true }, maker);
    }
    const packed = Buffer.concat([gzipSync(wholeOf("gnu")), gzipSync(second)]);
    assert.deepEqual(await list(packed, "t.tgz"), { images: images + 1, badImages: 0, failures: [], isListed: true });
    const cut = await list(Buffer.concat([wholeOf("gnu"), second.subarray(0, 1_024)]));
    assert.deepEqual([cut.images, cut.failures.length, cut.isListed], [images, 1, false]);
  });

  test("records of other sizes are whole, and other bytes after the end mark are one failure", async () => {
    for (const blocks of [1, 2, 64, 1_024, 2_048]) {
      await run("tar", ["-C", join(folder, "files"), "-b", String(blocks), "-cf", join(folder, "b.tar"), "a.jpg", "in/c.jpg"]);
      assert.deepEqual(
        await list(await readFile(join(folder, "b.tar"))),
        { images: 2, badImages: 0, failures: [], isListed: true },
        `-b ${blocks}`,
      );
    }
    const { failures, isListed } = await list(Buffer.concat([wholeOf("gnu"), bytesOf(2_000, 7)]));
    assert.deepEqual([failures.length, isListed], [1, false]);
  });

  test("a zip that is cut anywhere is one failure", async () => {
    const path = join(folder, "whole.zip");
    await writeZip(path, files);
    const whole = await readFile(path);
    assert.deepEqual(await list(whole, "t.zip"), { images, badImages: 0, failures: [], isListed: true });
    for (const cut of cutsOf(whole.length)) {
      for (const bytes of [whole.subarray(0, cut), Buffer.concat([whole.subarray(0, cut), Buffer.alloc(whole.length - cut)])]) {
        const { images: found, failures, isListed } = await list(bytes, "t.zip");
        if (isListed) assert.equal(found, images, `cut at ${cut}`);
        else assert.equal(failures.length, 1, `cut at ${cut}: ${failures.join("\n")}`);
      }
    }
  });
});
