/** Files keep the reader's contract. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileReader } from "../../src/adapters/fs/index.js";
import type { ImageRef } from "../../src/contracts/index.js";
import { fileUri } from "../../src/kit/index.js";
import { asNobody } from "../odd-images/nobody.js";
import { type ReaderBench, readerConformance } from "./reader.js";

readerConformance("fs", async (): Promise<ReaderBench> => {
  const folder = await mkdtemp(join(tmpdir(), "reader-"));
  await chmod(folder, 0o755);
  const refTo = (name: string): ImageRef => {
    const location = join(folder, name);
    return { uri: fileUri(location), location, scheme: "file", root: fileUri(folder), version: null, sizeBytes: null, metadata: {} };
  };
  const put = async (name: string, bytes: Uint8Array) => {
    await writeFile(join(folder, name), bytes);
    return refTo(name);
  };
  return {
    // Versions are trusted two seconds after a change: this clock is past that.
    reader: fileReader({ now: () => Date.now() + 60_000 }),
    put,
    missing: () => refTo("missing.jpg"),
    forbidden: async () => {
      const ref = await put("forbidden.jpg", new Uint8Array(10));
      await chmod(ref.location, 0);
      return { ref, attempt: asNobody };
    },
    dispose: () => rm(folder, { recursive: true }),
  };
});
