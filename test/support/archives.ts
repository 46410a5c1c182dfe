/** Writes archives for tests: well-formed and hostile ones. */
import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { Header, Pax } from "tar";
import { ZipFile } from "yazl";

export interface PackedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Default "File". */
  readonly type?: "File" | "SymbolicLink" | "Link" | "FIFO" | "Directory";
  /** The size that the header states. Default: the size of `bytes`. */
  readonly size?: number;
}

export function tarOf(files: readonly PackedFile[]): Buffer {
  return Buffer.concat([...files.flatMap(tarBlocks), Buffer.alloc(1024)]);
}

export async function writeTar(path: string, files: readonly PackedFile[]): Promise<void> {
  await writeFile(path, path.endsWith("gz") ? gzipSync(tarOf(files)) : tarOf(files));
}

export async function writeZip(path: string, files: readonly PackedFile[]): Promise<void> {
  const zip = new ZipFile();
  for (const { name, bytes, type } of files) {
    zip.addBuffer(Buffer.from(bytes), name, { mode: type === "SymbolicLink" ? 0o120777 : 0o100644, compress: !name.endsWith(".jpg") });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}

export function tarBlocks({ name, bytes, type = "File", size = bytes.byteLength }: PackedFile): readonly Buffer[] {
  const header = new Header({ path: name, size, type, mode: 0o644, mtime: new Date(0), ...(type === "File" ? {} : { linkpath: "a.jpg" }) });
  header.encode();
  const extended = header.needPax ? [new Pax({ path: name, size }).encode()] : [];
  return [...extended, header.block as Buffer, Buffer.from(bytes), Buffer.alloc((512 - (bytes.byteLength % 512)) % 512)];
}
