/** The blocks of metadata in files that consist of boxes: HEIC, AVIF and JPEG XL. */

import type { Bytes } from "./bytes.js";
import type { Blocks } from "./found-blocks.js";
import { inflated } from "./inflate.js";

interface Box {
  readonly type: string;
  readonly content: Bytes;
}

const maxBoxes = 1_000;
const maxItems = 10_000;
const xmpType = "application/rdf+xml";

export function boxBlocks(file: Bytes): Blocks {
  const found: { exif?: Bytes; xmp?: Bytes } = {};
  const add = (type: string, content: Bytes | undefined) => {
    if (content === undefined) return;
    if (type === "Exif") found.exif ??= afterOffset(content);
    else if (type === "xml ") found.xmp ??= content;
  };
  for (const { type, content } of boxesOf(file)) {
    if (type === "meta") return itemBlocks(file, content.part(4));
    if (type === "brob") add(content.latin1(0, 4), inflated(content.part(4), "brotli"));
    else add(type, content);
  }
  return found;
}

/** EXIF begins with the number of bytes to skip. */
function afterOffset(content: Bytes): Bytes {
  return content.part(4 + content.uint32(0));
}

/** A box of size 0 goes to the end of the file. A box of size 1 has its size after its type. */
function* boxesOf(bytes: Bytes): Generator<Box> {
  for (let at = 0, boxes = 0; at + 8 <= bytes.length && boxes < maxBoxes; boxes += 1) {
    const short = bytes.uint32(at);
    const header = short === 1 ? 16 : 8;
    const size = short === 0 ? bytes.length - at : short === 1 ? bytes.unsigned(at + 8, 8) : short;
    if (size < header) return;
    yield { type: bytes.latin1(at + 4, 4), content: bytes.part(at + header, size - header) };
    at += size;
  }
}

/** The items of a `meta` box: their types are in `iinf`, their places in `iloc`. */
function itemBlocks(file: Bytes, meta: Bytes): Blocks {
  const boxes = new Map([...boxesOf(meta)].map(({ type, content }) => [type, content]));
  const [infos, places] = [boxes.get("iinf"), boxes.get("iloc")];
  if (infos === undefined || places === undefined) return {};
  const ids = itemIds(infos);
  const at = (id: number | undefined): Bytes | undefined => (id === undefined ? undefined : itemAt(id, places, file, boxes.get("idat")));
  const [exif, xmp] = [at(ids.exif), at(ids.xmp)];
  return { ...(exif === undefined ? {} : { exif: afterOffset(exif) }), ...(xmp === undefined ? {} : { xmp }) };
}

function itemIds(infos: Bytes): { readonly exif?: number; readonly xmp?: number } {
  const ids: { exif?: number; xmp?: number } = {};
  for (const { type, content } of boxesOf(infos.part(infos.uint8(0) === 0 ? 6 : 8))) {
    const version = content.uint8(0);
    if (type !== "infe" || version < 2) continue;
    const idBytes = version === 2 ? 2 : 4;
    const itemType = content.latin1(4 + idBytes + 2, 4);
    const id = content.unsigned(4, idBytes);
    if (itemType === "Exif") ids.exif ??= id;
    else if (itemType === "mime" && content.latin1(4 + idBytes + 6, 200).split("\0")[1] === xmpType) ids.xmp ??= id;
  }
  return ids;
}

/** Returns the item with this id. Items in several pieces, or in other files, are left out. */
function itemAt(id: number, places: Bytes, file: Bytes, itemData: Bytes | undefined): Bytes | undefined {
  const version = places.uint8(0);
  const [sizes, more] = [places.uint8(4), places.uint8(5)];
  const [offsetBytes, lengthBytes, baseBytes, indexBytes] = [sizes >> 4, sizes & 15, more >> 4, version === 0 ? 0 : more & 15];
  const idBytes = version === 2 ? 4 : 2;
  const count = Math.min(places.unsigned(6, idBytes), maxItems);
  for (let at = 6 + idBytes, item = 0; item < count && at < places.length; item += 1) {
    const found = places.unsigned(at, idBytes);
    at += idBytes;
    const method = version === 0 ? 0 : places.uint16(at) & 15;
    at += (version === 0 ? 0 : 2) + 2;
    const base = places.unsigned(at, baseBytes);
    const pieces = places.uint16(at + baseBytes);
    at += baseBytes + 2;
    if (found === id) {
      const whole = method === 0 ? file : method === 1 ? itemData : undefined;
      if (pieces !== 1 || whole === undefined) return undefined;
      const offset = places.unsigned(at + indexBytes, offsetBytes);
      return whole.part(base + offset, places.unsigned(at + indexBytes + offsetBytes, lengthBytes));
    }
    at += pieces * (indexBytes + offsetBytes + lengthBytes);
  }
  return undefined;
}
