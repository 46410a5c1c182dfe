/** Where an export is written, and in which format: as the output's ending says, or into a folder. */
import { mkdir, stat } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { HeadraceError } from "../contracts/index.js";
import type { CollectionAddress } from "./collections/addresses.js";
import { type FileFormat, fileFormats } from "./configuration/kinds.js";

export interface ExportPlace {
  readonly path: string;
  readonly format: FileFormat;
}

interface Asked {
  readonly output: string;
  readonly format?: FileFormat;
  readonly from: CollectionAddress;
}

/** Makes the folder. Throws `usage_invalid` for an output that names another format, `state_unwritable`. */
export async function exportPlace({ output, format, from }: Asked): Promise<ExportPlace> {
  const place = (await isFolder(output)) ? inFolder(output, from, format) : asNamed(output, from, format);
  try {
    await mkdir(dirname(place.path), { recursive: true });
  } catch (cause) {
    throw unwritable(place.path, cause);
  }
  return place;
}

function asNamed(output: string, from: CollectionAddress, format: FileFormat | undefined): ExportPlace {
  const ending = extname(output).toLowerCase();
  if (ending === "" || /[/\\]$/.test(output)) return inFolder(output, from, format);
  const named = fileFormats.find((each) => ending === `.${each}`);
  if (named !== undefined && named === (format ?? named)) return { path: output, format: named };
  const expected = format === undefined ? fileFormats.map((each) => `.${each}`).join(" or ") : `.${format}`;
  throw new HeadraceError("usage_invalid", `Expected an output that ends with ${expected} but received ${output}.`, {
    hint: "Change the name, or give a folder that ends with /.",
  });
}

function inFolder(folder: string, { collection }: CollectionAddress, format: FileFormat = "parquet"): ExportPlace {
  return { path: join(folder, `${collection}.${format}`), format };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): HeadraceError {
  return new HeadraceError("state_unwritable", `${path} cannot be written: ${(cause as Error).message}.`, { item: path, cause });
}
