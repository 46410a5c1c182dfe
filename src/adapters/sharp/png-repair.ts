/** Repairs a damaged PNG: keeps the rows before the damage, and fills the others with zeros, like Pillow. */
import { Readable } from "node:stream";
import { constants, createInflate, deflateSync } from "node:zlib";
import { pngChunk } from "../../kit/index.js";
import { pixelsExceeded } from "./errors.js";

const signatureBytes = 8;
/** Bytes of a chunk besides its data: length, type and checksum. */
const frameBytes = 12;
/** When the decompressor finds damage, it loses the pixels of the piece that it got last. Small pieces lose little. */
const pieceBytes = 256;
const maxFilter = 4;
/** Channels by colour type. */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** First column and row of each pass of an interlaced image, and the steps to the next. */
const interlaced = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Returns a whole PNG of the same size. Zeros are black, or the first colour of the palette. Returns `bytes` if the header is damaged. Needs
 * memory for the whole image. Throws `image_too_large` if the header promises more than `maxPixels`.
 */
export async function repairedPng(bytes: Uint8Array, maxPixels: number): Promise<Uint8Array> {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = chunksOf(source);
  const header = chunks[0]?.data;
  if (header === undefined || header.length !== 13 || channelsOf[header[9]!] === undefined) return bytes;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  if (width * height > maxPixels) throw pixelsExceeded(width, height, maxPixels);
  const passes = passesOf(header);
  const pixels = Buffer.alloc(passes.reduce((sum, { rows, rowBytes }) => sum + rows * rowBytes, 0));
  await inflateInto(
    pixels,
    chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data),
  );
  clearFromBadFilter(pixels, passes);
  return Buffer.concat([
    source.subarray(0, signatureBytes),
    ...chunks.filter(({ type }) => type !== "IDAT").map(({ type, data }) => pngChunk(type, data)),
    pngChunk("IDAT", deflateSync(pixels, { level: 0 })),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

/** Returns the chunks up to the first one that is cut off or has no valid type. */
function chunksOf(source: Buffer): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = signatureBytes; at + signatureBytes < source.length; ) {
    const lengthBytes = source.readUInt32BE(at);
    const type = source.toString("latin1", at + 4, at + 8);
    if (!/^[A-Za-z]{4}$/.test(type) || type === "IEND") break;
    chunks.push({ type, data: source.subarray(at + 8, at + 8 + lengthBytes) });
    at += frameBytes + lengthBytes;
  }
  return chunks;
}

interface Pass {
  readonly rows: number;
  /** Bytes of a row, with its filter byte. */
  readonly rowBytes: number;
}

/** Returns the passes of an interlaced image, else one pass. */
function passesOf(header: Buffer): readonly Pass[] {
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const pixelBits = header[8]! * channelsOf[header[9]!]!;
  const pass = (columns: number, rows: number): Pass => ({ rows, rowBytes: 1 + Math.ceil((columns * pixelBits) / 8) });
  if (header[12] === 0) return [pass(width, height)];
  return interlaced
    .map(([left, top, across, down]) => [Math.ceil((width - left) / across), Math.ceil((height - top) / down)] as const)
    .filter(([columns]) => columns > 0)
    .map(([columns, rows]) => pass(columns, rows));
}

/** Damaged data can decompress to anything. Fills the rows with zeros from the first one whose filter does not exist. */
function clearFromBadFilter(pixels: Buffer, passes: readonly Pass[]): void {
  let at = 0;
  for (const { rows, rowBytes } of passes) {
    for (let row = 0; row < rows; row += 1, at += rowBytes) {
      if (pixels[at]! <= maxFilter) continue;
      pixels.fill(0, at);
      return;
    }
  }
}

/** Decompresses until the data end or are damaged. The rest of `target` stays zero. */
async function inflateInto(target: Buffer, data: readonly Buffer[]): Promise<void> {
  const inflate = createInflate({ finishFlush: constants.Z_SYNC_FLUSH });
  let filled = 0;
  inflate.on("data", (piece: Buffer) => {
    filled += piece.copy(target, filled);
    if (filled === target.length) inflate.destroy();
  });
  const closed = new Promise<void>((resolve) => {
    inflate.once("error", () => resolve()).once("close", resolve);
  });
  const pieces = Readable.from(piecesOf(data), { objectMode: false });
  pieces.pipe(inflate);
  await closed;
  pieces.destroy();
}

function* piecesOf(data: readonly Buffer[]): Generator<Buffer> {
  for (const part of data) for (let at = 0; at < part.length; at += pieceBytes) yield part.subarray(at, at + pieceBytes);
}
