/** The uploads that a job uses: files in its folder, and what its request says of each. */
import { constants, copyFile, link, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { Metadata } from "../../contracts/index.js";
import { fileError } from "../../kit/index.js";
import type { Upload } from "../uploads/upload.js";
import { filenameIn } from "../wire/wire-uploads.js";
import type { JobFolder } from "./job-folder.js";

/** One entry of the list in the folder of the job. */
export interface ArrivedFile {
  /** The name of the file in the folder of the job. Archives have an extension. */
  readonly file: string;
  /** The name that the client has given; null if there is none. */
  readonly name: string | null;
  readonly id: string | number | null;
  readonly metadata: Metadata | null;
}

const zipMarks = ["PK\u0003\u0004", "PK\u0005\u0006"];
const gzipMark = "\u001f\u008b";
const tarMark = { at: 257, text: "ustar" };

/**
 * Puts the bytes of an upload into the folder of a job. They take no more space, and the upload stays as it is. Some file systems have no
 * links: there, the bytes are copied.
 */
export async function putArrived(
  { arrivedPath }: JobFolder,
  upload: Upload,
  { at, ...given }: Pick<ArrivedFile, "id" | "metadata"> & { readonly at: number },
): Promise<ArrivedFile> {
  const name = filenameIn(upload.record.metadata);
  const file = `${at}${archiveExtension(await firstBytes(upload.dataPath), name ?? "")}`;
  const path = join(arrivedPath, file);
  try {
    await mkdir(arrivedPath, { recursive: true, mode: 0o700 });
    await link(upload.dataPath, path).catch(() => copyFile(upload.dataPath, path, constants.COPYFILE_EXCL));
  } catch (cause) {
    throw fileError(cause, path, "written");
  }
  return { file, name, ...given };
}

/** Whether the listing takes the file for an archive. */
export function isArchive({ file }: Pick<ArrivedFile, "file">): boolean {
  return file.includes(".");
}

/** The content decides. A gzip file can be anything, so that there the name decides too. Empty: an image, or nothing that is known. */
function archiveExtension(bytes: Buffer, name: string): string {
  const text = bytes.toString("latin1");
  if (zipMarks.some((mark) => text.startsWith(mark))) return ".zip";
  if (text.startsWith(tarMark.text, tarMark.at)) return ".tar";
  return text.startsWith(gzipMark) && /\.(tgz|tar\.gz)$/i.test(name) ? ".tar.gz" : "";
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path, "r").catch((cause: unknown) => {
    throw fileError(cause, path, "read");
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(tarMark.at + tarMark.text.length));
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
