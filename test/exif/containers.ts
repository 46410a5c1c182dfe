/** Puts a block of EXIF into files of each container. Those of JPEG, PNG and WebP are pictures that decode. */
import { crc32 } from "node:zlib";
import sharp from "sharp";

const image = sharp({ create: { width: 32, height: 24, channels: 3, background: "teal" } });
const marked = (block: Buffer): Buffer => Buffer.concat([Buffer.from("Exif\0\0"), block]);

export type Containers = Readonly<Record<"jpg" | "png" | "webp" | "tif" | "jxl" | "heic", (block: Buffer) => Buffer>>;

export async function containers(): Promise<Containers> {
  const [jpg, png, webp] = await Promise.all([
    image.clone().jpeg().toBuffer(),
    image.clone().png().toBuffer(),
    image.clone().webp().toBuffer(),
  ]);
  return {
    jpg: (block) =>
      Buffer.concat([jpg.subarray(0, 2), Buffer.of(0xff, 0xe1), uint(marked(block).length + 2, 2), marked(block), jpg.subarray(2)]),
    png: (block) => Buffer.concat([png.subarray(0, 33), chunk("eXIf", block), png.subarray(33)]),
    webp: (block) => webpWith(webp, block),
    tif: (block) => block,
    jxl: (block) =>
      Buffer.concat([
        box("JXL ", Buffer.from("0d0a870a", "hex")),
        box("ftyp", Buffer.from("jxl \0\0\0\0jxl ")),
        box("Exif", uint(0, 4), block),
      ]),
    heic: heicWith,
  };
}

function webpWith(webp: Buffer, block: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  const all = Buffer.concat([webp, Buffer.from("EXIF"), size, block, Buffer.alloc(block.length % 2)]);
  all.writeUInt32LE(all.length - 8, 4);
  return all;
}

function heicWith(block: Buffer): Buffer {
  const entry = box("infe", Buffer.of(2, 0, 0, 0), uint(1, 2), uint(0, 2), Buffer.from("Exif\0"));
  const infos = box("iinf", Buffer.alloc(4), uint(1, 2), entry);
  const content = Buffer.concat([uint(6, 4), marked(block)]);
  const places = (offset: number) =>
    box(
      "iloc",
      Buffer.from("000000004400", "hex"),
      uint(1, 2),
      uint(1, 2),
      uint(0, 2),
      uint(1, 2),
      uint(offset, 4),
      uint(content.length, 4),
    );
  const start = (offset: number) =>
    Buffer.concat([box("ftyp", Buffer.from("heic\0\0\0\0mif1")), box("meta", Buffer.alloc(4), infos, places(offset))]);
  return Buffer.concat([start(start(0).length + 8), box("mdat", content)]);
}

function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([uint(content.length + 8, 4), Buffer.from(type, "latin1"), content]);
}

function chunk(type: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), content]);
  return Buffer.concat([uint(content.length, 4), named, uint(crc32(named), 4)]);
}

function uint(value: number, size: 2 | 4): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}
