/** Reads members of zip archives. A listed member is read by its position, a member that is only known by its name is searched. */
import { stat } from "node:fs/promises";
import type { Reader } from "../../contracts/index.js";
import {
  checkAborted,
  fileMark,
  fileVersion,
  type MemberLocation,
  memberError,
  memberLocation,
  memberMissing,
  memberName,
  memberUnreadable,
  memberVersion,
} from "../../kit/index.js";
import { openDirectory } from "./directory.js";
import { unpack, type ZipPlace } from "./unpack.js";

export interface ZipReaderOptions {
  /** The current time in milliseconds since the epoch. Default: the system clock. */
  readonly now?: () => number;
}

/** Makes a reader for the scheme `zip`. */
export function zipReader({ now = Date.now }: ZipReaderOptions = {}): Reader {
  return {
    name: "zip",
    schemes: ["zip"],
    async read(ref, { maxBytes }, signal) {
      checkAborted(signal, "reading");
      const location = memberLocation(ref.location);
      try {
        const stats = await stat(location.path, { bigint: true });
        // The position counts only for the archive as it was listed. A retry may find another archive.
        const isListed = location.hints["mark"] === fileMark(stats) || ref.version !== null;
        const place = (isListed ? listedPlace(location) : null) ?? (await searchedPlace(location));
        if (place === null) throw memberMissing(ref.uri);
        const version = memberVersion(fileVersion(stats, now()), place.offset);
        if (ref.version !== null && version !== null && ref.version !== version) {
          throw memberUnreadable(ref.uri, "expected the archive that was listed, found that it has changed");
        }
        return { bytes: await unpack(location.path, ref.uri, place, maxBytes), version };
      } catch (cause) {
        throw memberError(cause, ref.uri);
      }
    },
  };
}

function listedPlace({ hints }: MemberLocation): ZipPlace | null {
  if (hints["at"] === undefined) return null;
  return {
    offset: Number(hints["at"]),
    method: Number(hints["method"]),
    packedBytes: Number(hints["packed"]),
    sizeBytes: Number(hints["size"]),
  };
}

/** Returns the first file with this name, which is also the one that a listing names first. */
async function searchedPlace({ path, name }: MemberLocation): Promise<ZipPlace | null> {
  const directory = await openDirectory(path);
  try {
    for await (const entry of directory.entries()) if (memberName(entry.name) === name) return entry.place;
    return null;
  } finally {
    directory.close();
  }
}
