/** The blocks of metadata in a PNG. Chunks of metadata may come before and after the pixels. */

import { Bytes } from "./bytes.js";
import type { Blocks } from "./found-blocks.js";
import { inflated } from "./inflate.js";

const xmpKeyword = "XML:com.adobe.xmp\0";
/** ImageMagick wrote EXIF into texts before PNG had a chunk for it. */
const rawProfile = /^Raw profile type (?:exif|APP1)\0/;
/** `IDAT` as a number. */
const pixels = 0x49444154;
const maxChunks = 65_536;

export function pngBlocks(bytes: Bytes): Blocks {
  const found: { exif?: Bytes | undefined; xmp?: Bytes | undefined } = {};
  for (let at = 8, chunks = 0; at + 12 <= bytes.length && chunks < maxChunks; chunks += 1) {
    const size = bytes.uint32(at);
    const number = bytes.uint32(at + 4);
    // A large file has thousands of chunks of pixels.
    const type = number === pixels ? "IDAT" : bytes.latin1(at + 4, 4);
    if (type === "IEND") break;
    if (type === "eXIf") found.exif = bytes.part(at + 8, size);
    else if (type === "iTXt") found.xmp ??= xmpOf(bytes.part(at + 8, size));
    else if (type === "zTXt") found.exif ??= exifOf(bytes.part(at + 8, size), "compressed");
    else if (type === "tEXt") found.exif ??= exifOf(bytes.part(at + 8, size), "plain");
    at += 12 + size;
  }
  return {
    ...(found.exif === undefined ? {} : { exif: found.exif }),
    ...(found.xmp === undefined ? {} : { xmp: found.xmp }),
  };
}

/** After the keyword: whether the text is compressed, how, a language, a translated keyword. */
function xmpOf(content: Bytes): Bytes | undefined {
  if (content.latin1(0, xmpKeyword.length) !== xmpKeyword) return undefined;
  const flags = xmpKeyword.length;
  const language = content.data.indexOf(0, flags + 2);
  const translated = language < 0 ? -1 : content.data.indexOf(0, language + 1);
  if (translated < 0) return undefined;
  const text = content.part(translated + 1);
  return content.uint8(flags) === 0 ? text : inflated(text, "zlib");
}

/** The profile is hexadecimal, after its name and its length. */
function exifOf(content: Bytes, form: "compressed" | "plain"): Bytes | undefined {
  const [keyword] = rawProfile.exec(content.latin1(0, 32)) ?? [];
  if (keyword === undefined) return undefined;
  const text = form === "plain" ? content.part(keyword.length) : inflated(content.part(keyword.length + 1), "zlib");
  const digits = /^\s*\w+\s+\d+\s+([\da-f\s]+)/i.exec(text?.latin1(0, text.length) ?? "")?.[1];
  if (digits === undefined) return undefined;
  const profile = new Bytes(new Uint8Array(Buffer.from(digits.replace(/\s/g, ""), "hex")));
  return profile.latin1(0, 6) === "Exif\0\0" ? profile.part(6) : profile;
}
