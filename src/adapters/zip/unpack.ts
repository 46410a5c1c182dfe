/** Unpacks one member of a zip archive. */
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";
import { memberTooLarge, memberUnreadable } from "../../kit/index.js";
import { isTooLarge } from "./errors.js";

export interface ZipPlace {
  /** Where the local header begins. */
  readonly offset: number;
  readonly method: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
}

const stored = 0;
const deflated = 8;
/** The compression methods that can be unpacked. */
export const methods: ReadonlySet<number> = new Set([stored, deflated]);

const headerBytes = 30;
const headerSignature = 0x04034b50;

/**
 * Returns the bytes of a member. Unpacking ends as soon as there are more than `maxBytes`, whatever size the archive states. `item`: how
 * errors name the member.
 */
export async function unpack(path: string, item: string, place: ZipPlace, maxBytes: number): Promise<Uint8Array> {
  const { method, packedBytes, sizeBytes } = place;
  if (sizeBytes > maxBytes) throw memberTooLarge(item, maxBytes, sizeBytes);
  // Deflate makes incompressible data larger by a few bytes per block at most.
  if (packedBytes > maxBytes + maxBytes / 100 + 1024) throw memberTooLarge(item, maxBytes, `${packedBytes} compressed`);
  const packed = await packedOf(path, item, place);
  const bytes = method === stored ? packed : await inflated(packed, item, maxBytes);
  if (bytes.byteLength === sizeBytes) return bytes;
  throw memberUnreadable(item, `expected ${sizeBytes} bytes, found ${bytes.byteLength}`);
}

async function packedOf(path: string, item: string, { offset, packedBytes }: ZipPlace): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { buffer: header, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, offset);
    if (bytesRead < headerBytes || header.readUInt32LE(0) !== headerSignature) {
      throw memberUnreadable(item, `expected a file of the archive at byte ${offset}, found other bytes`);
    }
    const start = offset + headerBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
    const packed = new Uint8Array(packedBytes);
    const { bytesRead: filled } = await file.read(packed, 0, packedBytes, start);
    if (filled < packedBytes) throw memberUnreadable(item, `expected ${packedBytes} bytes, found the end of the archive after ${filled}`);
    return packed;
  } finally {
    await file.close();
  }
}

const inflate = promisify<Uint8Array, { readonly maxOutputLength: number }, Buffer>(inflateRaw);

async function inflated(packed: Uint8Array, item: string, maxBytes: number): Promise<Uint8Array> {
  try {
    return new Uint8Array(await inflate(packed, { maxOutputLength: Math.max(1, maxBytes) }));
  } catch (cause) {
    throw isTooLarge(cause)
      ? memberTooLarge(item, maxBytes, "more")
      : memberUnreadable(item, "expected deflated data, found other bytes", cause);
  }
}
