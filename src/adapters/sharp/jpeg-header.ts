/** Reads the header of a simple JPEG without libvips. */
import type { Metadata } from "sharp";

/** What `measureHeader` needs to know about a JPEG. */
export type JpegHeader = Pick<
  Metadata,
  "format" | "width" | "height" | "channels" | "depth" | "space" | "isProgressive" | "chromaSubsampling"
>;

const startOfImage = 0xffd8;
const exif = 0x45786966;
/** The least size of a marker's segment. A JPEG with a shorter one is not simple. */
const leastSize = 6;
const markers = { baseline: 0xc0, progressive: 0xc2, huffmanTables: 0xc4, scan: 0xda, firstApp: 0xe0, exifOrXmp: 0xe1, comment: 0xfe };

/**
 * Returns the header of a JPEG with 8-bit samples in one or three channels, in the baseline or the progressive format. Returns null for any
 * other file, and for a JPEG with EXIF data, which may contain an orientation: libvips must read those headers. For each of them, libvips
 * takes a thread of the pool and 0.2 ms.
 */
export function simpleJpegHeader(file: Uint8Array): JpegHeader | null {
  const bytes = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.byteLength < 2 || bytes.getUint16(0) !== startOfImage) return null;
  let frame: JpegHeader | null = null;
  for (let at = 2, size = 0; at + 4 <= bytes.byteLength; at += 2 + size) {
    const marker = bytes.getUint8(at + 1);
    size = bytes.getUint16(at + 2);
    if (bytes.getUint8(at) !== 0xff || size < leastSize || at + 2 + size > bytes.byteLength) return null;
    if (marker === markers.exifOrXmp && bytes.getUint32(at + 4) === exif) return null;
    if (marker === markers.scan) return frame !== null && isWhole(frame, bytes.getUint8(at + 4)) ? frame : null;
    if (marker >= markers.baseline && marker <= markers.progressive) {
      frame = frameHeader(bytes, at, marker);
      if (frame === null) return null;
    } else if (!isPassedOver(marker)) return null;
  }
  return null;
}

/** Huffman tables, quantization tables and restart intervals (0xdb to 0xdd), segments of applications and comments. */
function isPassedOver(marker: number): boolean {
  if (marker === markers.huffmanTables || (marker > markers.scan && marker <= 0xdd)) return true;
  return (marker >= markers.firstApp && marker <= 0xef) || marker === markers.comment;
}

/** A baseline image whose channels come in several scans needs as much memory as a progressive one. */
function isWhole({ channels, isProgressive }: JpegHeader, channelsInScan: number): boolean {
  return isProgressive === true || channelsInScan === channels;
}

/** `at`: the position of the marker. */
function frameHeader(bytes: DataView, at: number, marker: number): JpegHeader | null {
  const size = bytes.getUint16(at + 2);
  const channels = (size - 8) / 3;
  if ((channels !== 1 && channels !== 3) || channels !== bytes.getUint8(at + 9) || bytes.getUint8(at + 4) !== 8) return null;
  const [height, width] = [bytes.getUint16(at + 5), bytes.getUint16(at + 7)];
  if (height === 0 || width === 0) return null;
  const sampling = Array.from({ length: channels }, (_, channel) => bytes.getUint8(at + 11 + 3 * channel));
  return {
    format: "jpeg",
    width,
    height,
    channels,
    depth: "uchar",
    space: channels === 1 ? "b-w" : "srgb",
    isProgressive: marker === markers.progressive,
    chromaSubsampling: sampling.some((factors) => factors !== 0x11) ? "4:2:0" : "4:4:4",
  };
}
