/** Images in Parquet files keep the reader's contract. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parquetReader } from "../../src/adapters/parquet/index.js";
import type { ImageRef } from "../../src/contracts/index.js";
import { memberRef } from "../../src/kit/index.js";
import { writeParquet } from "../support/parquet-table.js";
import { type ReaderBench, readerConformance } from "./reader.js";

readerConformance(
  "parquet",
  async (): Promise<ReaderBench> => {
    const folder = await mkdtemp(join(tmpdir(), "parquet-reader-"));
    const refTo = (name: string, row: number): ImageRef => {
      const path = join(folder, name);
      return memberRef({ scheme: "parquet", path, uri: pathToFileURL(path).href }, `image:${row}`, { version: null, sizeBytes: null });
    };
    return {
      // Versions are trusted two seconds after a change: this clock is past that.
      reader: parquetReader({ now: () => Date.now() + 60_000 }),
      put: async (name, bytes) => {
        const data = [Uint8Array.of(1), bytes, Uint8Array.of(2)];
        await writeParquet(join(folder, name), [{ name: "image", type: "BYTE_ARRAY", data }], 2);
        return refTo(name, 2);
      },
      missing: () => refTo("missing.parquet", 1),
      dispose: () => rm(folder, { recursive: true }),
    };
  },
  // The file system decides who may read the file, and the tests of files show it.
  { cannot: ["forbid"] },
);
