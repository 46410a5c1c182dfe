/** `sync` with deletion: a row goes only with a proof that its image is gone. */
import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { asNobody } from "../odd-images/nobody.js";
import { writeTar } from "../support/archives.js";
import { workspace } from "./command.js";
import { collectionName, mirror } from "./mirror.js";

const golden = resolve("test", "fidelity", "golden");

/** Starts the work at the first call. Every call waits for it. */
function once(work: () => Promise<void>): () => Promise<void> {
  let started: Promise<void> | null = null;
  return () => {
    started ??= work();
    return started;
  };
}

describe("a source that is not there", () => {
  test("keeps its rows beside another source that is there, which loses only its own", async () => {
    await using space = await workspace();
    for (const folder of ["usb", "home"]) await mkdir(join(space.folder, folder));
    for (const [folder, name] of [
      ["usb", "coffee"],
      ["usb", "chelsea"],
      ["home", "hubble"],
      ["home", "rocket"],
    ] as const)
      await copyFile(join(golden, `${name}.jpg`), join(space.folder, folder, `${name}.jpg`));
    await space.json(0, "sync", "usb", "home");
    await rename(join(space.folder, "usb"), join(space.folder, "usb.away"));
    await rm(join(space.folder, "home", "rocket.jpg"));
    const { missing, pruned, kept } = await space.json(3, "sync", "usb", "home", "--prune");
    assert.deepEqual({ missing, pruned, kept }, { missing: 1, pruned: 1, kept: { source_not_found: 2 } });
    const { stdout, code } = await space.run("sync", "usb", "home", "--prune");
    assert.equal(code, 3);
    assert.match(stdout, /\n {2}2 rows kept \(source_not_found\): their source was not found; perhaps it is not mounted\n/);
    assert.deepEqual(await space.json(0, "count"), { collection: "images", count: 3 });
  });

  test("may be a glob: one whose folder is not there, or that matches nothing, loses nothing", async () => {
    await using made = await mirror();
    await made.write(["usb/a.jpg", "full/b.jpg", "home/c.jpg", "home/d.jpg"]);
    await made.sync(["usb/*.jpg", "full/*.jpg", "home"]);
    await rename(made.at("usb"), made.at("usb.away"));
    await rm(made.at("full/b.jpg"));
    const { pruned, kept, failed } = await made.sync(["usb/*.jpg", "full/*.jpg", "home"]);
    assert.deepEqual([pruned, kept, failed], [0, { source_not_found: 2 }, 2]);
  });

  test("may be part of another one: its rows stay although the other one was listed whole", async () => {
    await using made = await mirror();
    await made.write(["photos/a.jpg", "photos/b.jpg", "photos/usb/c.jpg"]);
    await made.sync(["photos"]);
    await rename(made.at("photos/usb"), made.at("away"));
    const { pruned, kept } = await made.sync(["photos", "photos/usb"]);
    assert.deepEqual([pruned, kept], [0, { source_not_found: 1 }]);
  });
});

describe("the limit of deletions", () => {
  test("counts for each source by itself: one over it keeps its rows, the others go on, and the run says so", async () => {
    await using made = await mirror();
    await made.write(["a/1.jpg", "a/2.jpg", "a/3.jpg", "b/1.jpg", "b/2.jpg", "b/3.jpg"]);
    await made.sync(["a", "b"]);
    await rm(made.at("a/1.jpg"));
    for (const name of ["b/1.jpg", "b/2.jpg"]) await rm(made.at(name));
    const { missing, pruned, kept, upkeepError } = await made.sync(["a", "b"]);
    assert.deepEqual([missing, pruned, kept, upkeepError?.code], [3, 1, { over_limit: 2 }, "prune_refused"]);
    assert.deepEqual(await made.names(), ["a/2.jpg", "a/3.jpg", "b/1.jpg", "b/2.jpg", "b/3.jpg"]);
  });

  test("an empty source keeps its rows beside one that lists images", async () => {
    await using made = await mirror();
    await made.write(["a/1.jpg", "b/1.jpg", "b/2.jpg"]);
    await made.sync(["a", "b"]);
    await rm(made.at("a/1.jpg"));
    await rm(made.at("b/1.jpg"));
    const { pruned, kept, upkeepError } = await made.sync(["a", "b"], { maxDeletions: { share: 1 } });
    assert.deepEqual([pruned, kept, upkeepError?.code], [1, { root_empty: 1 }, "prune_refused"]);
  });
});

describe("what a folder contains but does not list", () => {
  test("keeps its rows: members of archives, images of lists, hidden files, and files with other names", async () => {
    await using space = await workspace();
    const photos = join(space.folder, "photos");
    await mkdir(join(photos, ".hidden"), { recursive: true });
    for (const name of ["coffee.jpg", "chelsea.jpg"]) await copyFile(join(golden, name), join(photos, name));
    await copyFile(join(golden, "retina.jpg"), join(photos, ".hidden", "retina.jpg"));
    await copyFile(join(golden, "rocket.jpg"), join(photos, "raw.dat"));
    await writeTar(join(photos, "shard.tar"), [{ name: "in.jpg", bytes: await readFile(join(golden, "hubble.jpg")) }]);
    await copyFile(join(golden, "hubble.jpg"), join(space.folder, "elsewhere.jpg"));
    await writeFile(join(photos, "list.txt"), "../elsewhere.jpg\n");
    await space.json(0, "ingest", "photos", "photos/shard.tar", "photos/list.txt", "photos/raw.dat", "photos/.hidden");
    const { missing, pruned, kept } = await space.json(0, "sync", "photos", "--prune");
    assert.deepEqual({ missing, pruned, kept }, { missing: 0, pruned: 0, kept: { image_exists: 2 } });
    assert.deepEqual(await space.json(0, "count"), { collection: "images", count: 6 });
  });

  test("an archive that is gone from its folder takes its rows along only with --prune-containers", async () => {
    await using made = await mirror();
    await made.write(["photos/a.jpg"]);
    for (const name of ["gone.tar", "kept.tar"]) await writeTar(made.at("photos", name), [{ name: "in.jpg", bytes: Buffer.from(name) }]);
    await made.sync(["photos", "photos/gone.tar", "photos/kept.tar"]);
    await rm(made.at("photos/gone.tar"));
    assert.equal((await made.sync(["photos"])).pruned, 0);
    const { pruned, kept } = await made.sync(["photos"], { goneContainers: "prune" });
    assert.deepEqual([pruned, kept], [1, { image_exists: 1 }]);
    assert.equal((await made.rows()).length, 2);
  });
});

describe("a folder that changes while it is synchronised", () => {
  test("keeps the rows of subfolders that went away during the listing, and the run says so", async () => {
    await using made = await mirror();
    const folders = Array.from({ length: 40 }, (_, index) => `photos/${String(index).padStart(2, "0")}`);
    const names = folders.flatMap((folder) => Array.from({ length: 5 }, (_, index) => `${folder}/${index}.jpg`));
    await made.write(names);
    await made.sync(["photos"]);
    const later = folders.slice(20);
    await mkdir(made.at("away"));
    const takeAway = once(async () => {
      for (const folder of later) await rename(made.at(folder), made.at("away", folder.slice("photos/".length)));
    });
    const { kept, pruned, failed } = await made.sync(["photos"], {
      source: {
        paths: [made.at("photos")],
        admit: async (ref) => {
          await takeAway();
          return ref;
        },
      },
    });
    assert.equal(pruned, 0);
    assert.equal(failed, later.length);
    assert.deepEqual(kept, { listing_incomplete: later.length * 5 });
    assert.equal((await made.rows()).length, names.length);
  });

  test("keeps all rows when the folder itself is another one at the end, as after an unmount", async () => {
    await using made = await mirror();
    await made.write(["photos/a.jpg", "photos/b.jpg", "photos/c.jpg"]);
    await made.sync(["photos"]);
    await rm(made.at("photos/a.jpg"));
    const unmount = once(async () => {
      await rename(made.at("photos"), made.at("away"));
      await mkdir(made.at("photos"));
    });
    const { pruned, kept, upkeepError } = await made.sync(["photos"], {
      onOutcome: () => void unmount(),
    });
    await unmount();
    assert.deepEqual([pruned, kept, upkeepError?.code], [0, { source_changed: 1 }, "prune_refused"]);
  });

  test("keeps the row of an image that another call has stored since the listing", async () => {
    await using made = await mirror();
    await made.write(["photos/a.jpg", "photos/b.jpg"]);
    const insert = async () => {
      await writeFile(made.at("photos/late.jpg"), "late");
      await made.insert([made.at("photos/late.jpg")]);
    };
    const { pruned, kept } = await made.sync(["photos"], {
      source: {
        paths: [made.at("photos")],
        admit: async (ref) => {
          if (ref.uri.endsWith("b.jpg")) await insert();
          return ref;
        },
      },
    });
    assert.deepEqual([pruned, kept], [0, { image_exists: 1 }]);
    assert.deepEqual(await made.names(), ["photos/a.jpg", "photos/b.jpg", "photos/late.jpg"]);
  });
});

describe("what is proven gone", () => {
  test("is deleted: a file, all files of a folder that is gone, and a file that a folder has replaced", async () => {
    await using made = await mirror();
    await made.write(["photos/a.jpg", "photos/b.jpg", "photos/c.jpg", "photos/d.jpg", "photos/old/1.jpg", "photos/old/2.jpg"]);
    await made.sync(["photos"]);
    await rm(made.at("photos/a.jpg"));
    await rm(made.at("photos/old"), { recursive: true });
    await rm(made.at("photos/b.jpg"));
    await made.write(["photos/b.jpg/inside.jpg"]);
    const { pruned, kept, upkeepError } = await made.sync(["photos"], { maxDeletions: { rows: 4 } });
    assert.deepEqual([pruned, kept, upkeepError], [4, {}, undefined]);
    assert.deepEqual(await made.names(), ["photos/b.jpg/inside.jpg", "photos/c.jpg", "photos/d.jpg"]);
  });

  test("is nothing below a link that leads nowhere: what it led to may not be mounted", async () => {
    await using made = await mirror();
    await made.write(["disk/1.jpg", "disk/2.jpg", "photos/a.jpg", "photos/b.jpg", "single.jpg"]);
    await symlink(made.at("disk"), made.at("photos/disk"));
    await symlink(made.at("single.jpg"), made.at("photos/single.jpg"));
    await made.sync(["photos"]);
    assert.equal((await made.rows()).length, 5);
    await rename(made.at("disk"), made.at("disk.away"));
    await rename(made.at("single.jpg"), made.at("single.away"));
    const { pruned, kept } = await made.sync(["photos"], { maxDeletions: { share: 1 } });
    assert.deepEqual([pruned, kept], [0, { cannot_look: 2 }]);
    assert.equal((await made.rows()).length, 5);
  });

  test("is counted, and kept, without --prune and in a dry run", async () => {
    await using made = await mirror();
    await made.write(["photos/a.jpg", "photos/b.jpg", "photos/.c.jpg"]);
    await made.insert([made.at("photos/.c.jpg")]);
    await made.sync(["photos"]);
    await rm(made.at("photos/a.jpg"));
    const source = { paths: [made.at("photos")] };
    const preview = await made.pipeline.previewSync({ source, collectionName });
    assert.deepEqual([preview.missing, preview.kept], [1, { image_exists: 1 }]);
    const { missing, pruned, kept } = await made.sync(["photos"], { missing: "keep" });
    assert.deepEqual([missing, pruned, kept], [1, 0, { image_exists: 1 }]);
  });
});

test("a file without an extension that cannot be opened fails, and its row stays", async () => {
  await asNobody(async () => {
    await using made = await mirror();
    const image = Buffer.concat([Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), Buffer.alloc(64)]);
    await made.write(["photos/a.jpg", "photos/b.jpg"]);
    await writeFile(made.at("photos/IMG0001"), image);
    await made.sync(["photos"]);
    assert.deepEqual(await made.names(), ["photos/IMG0001", "photos/a.jpg", "photos/b.jpg"]);
    await chmod(made.at("photos/IMG0001"), 0);
    const codes: string[] = [];
    const { pruned, missing } = await made.sync(["photos"], {
      onOutcome: (outcome) => void (outcome.kind === "failed" && codes.push(outcome.error.code)),
    });
    assert.deepEqual([pruned, missing, codes], [0, 0, ["source_forbidden"]]);
  });
});

test("a file that is renamed keeps its metadata, and copies that were there before get none", async () => {
  await using made = await mirror();
  await made.write(["photos/a.jpg", "photos/copy.jpg", "photos/other.jpg"], "the same bytes");
  await made.insert([{ input: made.at("photos/a.jpg"), metadata: { caption: "mine" } }]);
  await made.sync(["photos"]);
  await rename(made.at("photos/a.jpg"), made.at("photos/b.jpg"));
  const before = await made.sync(["photos"], { missing: "keep" });
  assert.deepEqual([before.moved, before.missing], [1, 1]);
  assert.equal((await made.sync(["photos"])).pruned, 1);
  const described = (await made.rows()).filter(
    ({ facts }) => facts.metadata["caption"] !== undefined && facts.metadata["caption"] !== null,
  );
  assert.deepEqual(
    described.map(({ facts }) => [facts.source.split("/").at(-1), facts.metadata["caption"]]),
    [["b.jpg", "mine"]],
  );
});
