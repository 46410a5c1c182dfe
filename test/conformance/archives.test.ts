/** Members of archives keep the reader's contract. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { tarReader } from "../../src/adapters/tar/index.js";
import { zipReader } from "../../src/adapters/zip/index.js";
import type { Reader } from "../../src/contracts/index.js";
import { memberRef } from "../../src/kit/index.js";
import { type PackedFile, writeTar, writeZip } from "../support/archives.js";
import { readerConformance } from "./reader.js";

interface Format {
  readonly reader: Reader;
  readonly scheme: "tar" | "tgz" | "zip";
  readonly extension: string;
  readonly write: (path: string, files: readonly PackedFile[]) => Promise<void>;
}

// Versions are trusted two seconds after a change: this clock is past that.
const now = () => Date.now() + 60_000;

const formats: readonly Format[] = [
  { reader: tarReader({ compression: "none", now }), scheme: "tar", extension: ".tar", write: writeTar },
  { reader: tarReader({ compression: "gzip", now }), scheme: "tgz", extension: ".tar.gz", write: writeTar },
  { reader: zipReader({ now }), scheme: "zip", extension: ".zip", write: writeZip },
];

for (const { reader, scheme, extension, write } of formats) {
  readerConformance(
    scheme,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "archive-reader-"));
      const refTo = (archive: string, name: string) => {
        const path = join(folder, `${archive}${extension}`);
        return memberRef({ scheme, path, uri: pathToFileURL(path).href }, name, { version: null, sizeBytes: null });
      };
      return {
        reader,
        put: async (name, bytes) => {
          const others = [{ name: "before.jpg", bytes: new Uint8Array(700) }];
          await write(join(folder, `${name}${extension}`), [
            ...others,
            { name: `in/${name}`, bytes },
            { name: "z.txt", bytes: new Uint8Array(9) },
          ]);
          return refTo(name, `in/${name}`);
        },
        missing: () => refTo("missing", "a.jpg"),
        dispose: () => rm(folder, { recursive: true }),
      };
    },
    // The file system decides who may read an archive, and the tests of files show it.
    { cannot: ["forbid"] },
  );
}
