/** The blocks of metadata in a JPEG: segments before the first scan. */

import type { Bytes } from "./bytes.js";
import type { Blocks } from "./found-blocks.js";

const markers = { firstApp: 0xe0, exifOrXmp: 0xe1, photoshop: 0xed, scan: 0xda, endOfImage: 0xd9 };
const names = { exif: "Exif\0\0", xmp: "http://ns.adobe.com/xap/1.0/\0", photoshop: "Photoshop 3.0\0" };
const iptcResource = 0x0404;
const maxSegments = 1_000;
const maxResources = 200;

export function jpegBlocks(bytes: Bytes): Blocks {
  const found: { -readonly [name in keyof Blocks]: Blocks[name] } = {};
  for (let at = 2, segments = 0; bytes.uint8(at) === 0xff && segments < maxSegments; segments += 1) {
    const marker = bytes.uint8(at + 1);
    const size = bytes.uint16(at + 2);
    if (marker === markers.scan || marker === markers.endOfImage) break;
    // A marker may be preceded by any number of bytes 0xff.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (size < 2) break;
    const content = bytes.part(at + 4, size - 2);
    if (marker === markers.exifOrXmp) {
      if (isNamed(content, names.exif)) found.exif ??= content.part(names.exif.length);
      else if (isNamed(content, names.xmp)) found.xmp ??= content.part(names.xmp.length);
    } else if (marker === markers.photoshop && isNamed(content, names.photoshop)) {
      const iptc = iptcOf(content.part(names.photoshop.length));
      if (iptc !== null) found.iptc ??= iptc;
    }
    at += 2 + size;
  }
  return found;
}

function isNamed(content: Bytes, name: string): boolean {
  return content.latin1(0, name.length) === name;
}

/** Photoshop's image resources: a signature, a number, a name of even length and the content, again of even length. */
function iptcOf(resources: Bytes): Bytes | null {
  for (let at = 0, count = 0; count < maxResources && resources.latin1(at, 4) === "8BIM"; count += 1) {
    const nameBytes = resources.uint8(at + 6) + 1;
    const sizeAt = at + 6 + nameBytes + (nameBytes % 2);
    const size = resources.uint32(sizeAt);
    if (resources.uint16(at + 4) === iptcResource) return resources.part(sizeAt + 4, size);
    at = sizeAt + 4 + size + (size % 2);
  }
  return null;
}
