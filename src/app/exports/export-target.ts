/** Chooses the path and format of an export. In a folder, the file gets a default name. Otherwise the file extension decides the format. */
import { mkdir, stat } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { HeadraceError } from "../../contracts/index.js";
import type { CollectionAddress } from "../collections/addresses.js";
import { type FileFormat, fileFormats } from "../configuration/kinds.js";

/** The file that an export writes, and its format. */
export interface ExportTarget {
  readonly path: string;
  readonly format: FileFormat;
}

interface ExportOutput {
  readonly output: string;
  readonly format?: FileFormat;
  readonly from: CollectionAddress;
}

/**
 * Creates the folder of the file. Throws `usage_invalid` if the extension does not match the format, and `state_unwritable` if the folder
 * cannot be created.
 */
export async function exportTarget({ output, format, from }: ExportOutput): Promise<ExportTarget> {
  const target = (await isFolder(output)) ? inFolder(output, from, format) : byExtension(output, from, format);
  try {
    await mkdir(dirname(target.path), { recursive: true });
  } catch (cause) {
    throw unwritable(target.path, cause);
  }
  return target;
}

function byExtension(output: string, from: CollectionAddress, format: FileFormat | undefined): ExportTarget {
  const extension = extname(output).toLowerCase();
  if (extension === "" || /[/\\]$/.test(output)) return inFolder(output, from, format);
  const named = fileFormats.find((each) => extension === `.${each}`);
  if (named !== undefined && named === (format ?? named)) return { path: output, format: named };
  const expected = format === undefined ? fileFormats.map((each) => `.${each}`).join(" or ") : `.${format}`;
  throw new HeadraceError("usage_invalid", `export: expected an output that ends with ${expected}, found ${output}`, {
    hint: "Change the name, or give a folder that ends with /.",
  });
}

function inFolder(folder: string, { collection }: CollectionAddress, format: FileFormat = "parquet"): ExportTarget {
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
