/** Reads the directory of a zip archive. */
/// <reference path="./yauzl.d.ts" />
import type { ZipFile } from "yauzl";
import { HeadraceError } from "../../contracts/index.js";
import { fileInvalid } from "../../kit/index.js";
import { codeOf, loadZip, wordsOf } from "./errors.js";
import type { ZipPlace } from "./unpack.js";

export interface ZipEntry {
  /** As it is written in the archive. The name of a folder ends with `/`. */
  readonly name: string;
  readonly place: ZipPlace;
  readonly isEncrypted: boolean;
  readonly isLink: boolean;
}

export interface Directory {
  /** May be called once. */
  entries(): AsyncIterable<ZipEntry>;
  close(): void;
}

const linkMode = 0o120000;
const typeMask = 0o170000;

/** Throws `input_invalid` if the file is not a zip archive. */
export async function openDirectory(path: string): Promise<Directory> {
  const yauzl = await loadZip();
  let zip: ZipFile;
  try {
    // Names are decoded below. yauzl would end the archive at a name such as ../a.jpg, which does no harm, because no name is used as a path.
    zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: false });
  } catch (cause) {
    if (HeadraceError.is(cause) || codeOf(cause) !== "") throw cause;
    throw fileInvalid(path, `expected a zip archive, found another file or a part of one (${wordsOf(cause)})`, cause);
  }
  return {
    async *entries() {
      for await (const entry of zip.eachEntry()) {
        yield {
          name: yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false),
          place: {
            offset: entry.relativeOffsetOfLocalHeader,
            method: entry.compressionMethod,
            packedBytes: entry.compressedSize,
            sizeBytes: entry.uncompressedSize,
          },
          isEncrypted: entry.isEncrypted(),
          isLink: ((entry.externalFileAttributes >>> 16) & typeMask) === linkMode,
        };
      }
    },
    close: () => zip.close(),
  };
}
