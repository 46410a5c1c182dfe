/** Writes images as shards in the layout of WebDataset: tar files in which the files of a sample have one name and different extensions. */
import { join } from "node:path";
import type { ImageWriter, ShardLimits, StoredImage } from "../../contracts/index.js";
import { givenMetadata, StagedFiles, stageFolder } from "../../kit/index.js";
import { blockBytes } from "./end-mark.js";
import { loadTar } from "./entries.js";
import { imageExtension } from "./image-extension.js";

/** Samples are numbered in the order of the rows, so their names are the same in every export of the same rows. */
const numberDigits = 9;
const shardDigits = 6;

/**
 * Begins a folder with the files `NAME-000000.tar`, `NAME-000001.tar` and so on. The folder gets its name when it is complete. Each sample has
 * its image, a `.json` with its metadata, id and source, and a `.npy` with its vector.
 */
export async function createShards(folder: string, name: string, limits: ShardLimits): Promise<ImageWriter> {
  const { Header } = await loadTar();
  const staged = await stageFolder(folder);
  const encode = (path: string, size: number): Uint8Array => {
    const block = Buffer.alloc(blockBytes);
    new Header({ path, size, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), type: "File" }).encode(block, 0);
    return block;
  };
  let shard: Shard | null = null;
  let shards = 0;

  const add = async ({ number, row, bytes }: StoredImage): Promise<void> => {
    const key = String(number).padStart(numberDigits, "0");
    const files = [
      [`${key}.${imageExtension(bytes, row.facts.source)}`, bytes],
      [`${key}.json`, Buffer.from(JSON.stringify(sampleOf(row)))],
      [`${key}.npy`, npyVector(row.vector ?? new Float32Array(0))],
    ] as const;
    const parts = files.flatMap(([path, content]) => [encode(path, content.byteLength), content, padding(content.byteLength)]);
    const size = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (shard !== null && (shard.images >= limits.maxImages || shard.bytes + size > limits.maxBytes)) await close();
    if (shard === null) {
      const path = join(staged.path, `${name}-${String(shards).padStart(shardDigits, "0")}.tar`);
      shard = { path, files: await StagedFiles.create([path]), images: 0, bytes: 0 };
      shards += 1;
    }
    await shard.files.append(shard.path, Buffer.concat(parts));
    shard.images += 1;
    shard.bytes += size;
  };

  const close = async (): Promise<void> => {
    if (shard === null) return;
    // Two empty blocks are the end of an archive.
    await shard.files.append(shard.path, Buffer.alloc(2 * blockBytes));
    await shard.files.place();
    shard = null;
  };

  return {
    async write(images) {
      for (const image of images) await add(image);
    },
    async finish() {
      await close();
      await staged.place();
    },
    async discard() {
      await shard?.files.discard();
      await staged.discard();
    },
  };
}

interface Shard {
  readonly path: string;
  readonly files: StagedFiles;
  images: number;
  bytes: number;
}

/** What the image is called in its metadata, as img2dataset does. Keys of the metadata win. */
function sampleOf({ id, facts }: StoredImage["row"]): object {
  return { key: String(id), url: facts.source, ...Object.fromEntries(givenMetadata(facts.metadata)) };
}

function padding(size: number): Uint8Array {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

const npyHeaderBytes = 128;

/** A `.npy` file with one vector of float32. */
function npyVector(vector: Float32Array): Uint8Array {
  const header = Buffer.alloc(npyHeaderBytes, " ");
  header.write("\x93NUMPY\x01\x00", 0, "latin1");
  header.writeUInt16LE(npyHeaderBytes - 10, 8);
  header.write(`{'descr': '<f4', 'fortran_order': False, 'shape': (${vector.length},), }`, 10, "latin1");
  header.write("\n", npyHeaderBytes - 1, "latin1");
  return Buffer.concat([header, Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)]);
}
