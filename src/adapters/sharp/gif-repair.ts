/** Repairs a damaged GIF: keeps the pixels of the first frame before the damage. The others get the first colour of the palette, like in Pillow. */
import { encodePng } from "../../kit/index.js";
import { pixelsExceeded } from "./errors.js";
import { lzwIndexes } from "./gif-lzw.js";

const signatureBytes = 6;
const screenBytes = 7;
const frameBytes = 10;
const blocks = { extension: 0x21, frame: 0x2c } as const;
const graphicControl = 0xf9;
/** Columns and rows of the passes of an interlaced frame: the first row of each, and the step to the next. */
const passes = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const;

/** Returns the first frame as a PNG of the size of the GIF. Returns `bytes` if there is no frame, or no palette for it. */
export function repairedGif(bytes: Uint8Array, maxPixels: number): Uint8Array {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (source.length < signatureBytes + screenBytes) return bytes;
  const [width, height] = [source.readUInt16LE(6), source.readUInt16LE(8)];
  const global = paletteAt(source, signatureBytes + screenBytes, source[10]!);
  const found = firstFrame(source, signatureBytes + screenBytes + global.length);
  if (found === null || width * height === 0) return bytes;
  if (width * height > maxPixels) throw pixelsExceeded(width, height, maxPixels);
  const palette = found.palette.length > 0 ? found.palette : global;
  if (palette.length === 0) return bytes;
  const data = painted({ width, height }, found, palette);
  return encodePng({ width, height, channels: 4, data }, 0);
}

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly palette: Buffer;
  readonly transparent: number | null;
  readonly isInterlaced: boolean;
  /** Where the LZW data begin, with the byte that states the size of their codes. */
  readonly dataAt: number;
  readonly source: Buffer;
}

/** Returns the bytes of a palette; none if the flags say that there is none. */
function paletteAt(source: Buffer, at: number, flags: number): Buffer {
  return (flags & 0x80) === 0 ? Buffer.alloc(0) : source.subarray(at, at + 3 * 2 ** ((flags & 7) + 1));
}

function firstFrame(source: Buffer, start: number): Frame | null {
  let transparent: number | null = null;
  for (let at = start; at + frameBytes <= source.length; ) {
    if (source[at] === blocks.frame) return frameAt(source, at, transparent);
    if (source[at] !== blocks.extension) {
      at += 1;
      continue;
    }
    if (source[at + 1] === graphicControl && (source[at + 3]! & 1) === 1) transparent = source[at + 6]!;
    at += 2;
    while (at < source.length && source[at] !== 0) at += 1 + source[at]!;
    at += 1;
  }
  return null;
}

function frameAt(source: Buffer, at: number, transparent: number | null): Frame {
  const flags = source[at + 9]!;
  const palette = paletteAt(source, at + frameBytes, flags);
  return {
    left: source.readUInt16LE(at + 1),
    top: source.readUInt16LE(at + 3),
    width: source.readUInt16LE(at + 5),
    height: source.readUInt16LE(at + 7),
    palette,
    transparent,
    isInterlaced: (flags & 0x40) !== 0,
    dataAt: at + frameBytes + palette.length,
    source,
  };
}

/** Returns red, green, blue and alpha of the whole GIF. Around the frame it is transparent. */
function painted(size: { readonly width: number; readonly height: number }, frame: Frame, palette: Buffer): Uint8Array {
  const data = new Uint8Array(size.width * size.height * 4);
  const [columns, rows] = [Math.min(frame.width, size.width - frame.left), Math.min(frame.height, size.height - frame.top)];
  const indexes = lzwIndexes(frame.source, frame.dataAt, frame.width * Math.max(0, frame.isInterlaced ? frame.height : rows));
  const rowOf = frame.isInterlaced ? interlacedRows(frame.height) : null;
  for (let stored = 0; stored < (rowOf?.length ?? rows); stored += 1) {
    const row = rowOf === null ? stored : rowOf[stored]!;
    if (row >= rows) continue;
    for (let column = 0; column < columns; column += 1) {
      const index = indexes[stored * frame.width + column] ?? 0;
      const to = ((frame.top + row) * size.width + frame.left + column) * 4;
      data.set(palette.subarray(3 * index, 3 * index + 3), to);
      data[to + 3] = index === frame.transparent ? 0 : 255;
    }
  }
  return data;
}

/** Returns the row of the picture for each row of the data. */
function interlacedRows(height: number): readonly number[] {
  return passes.flatMap(([first, step]) =>
    Array.from({ length: Math.max(0, Math.ceil((height - first) / step)) }, (_, n) => first + n * step),
  );
}
