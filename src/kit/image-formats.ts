/** Recognises image files: by the extension of their names, and by their first bytes. */

/** The file extensions of images that the decoder can read, without the dot. */
export const imageExtensions: readonly string[] = [
  ...["jpg", "jpeg", "jpe", "jfif", "jif", "pjpeg", "pjp"],
  ...["png", "apng", "webp", "gif", "avif", "tif", "tiff", "svg"],
];

export interface ImageFormat {
  readonly name: string;
  /** True if the prebuilt package of sharp can decode the format. */
  readonly decodable: boolean;
}

interface Signature extends ImageFormat {
  readonly offset: number;
  /** The bytes at `offset`, as Latin-1 text. One of these texts must match. */
  readonly begins: readonly string[];
}

const signatures: readonly Signature[] = [
  { name: "JPEG", decodable: true, offset: 0, begins: ["\xff\xd8\xff"] },
  { name: "PNG", decodable: true, offset: 0, begins: ["\x89PNG"] },
  { name: "GIF", decodable: true, offset: 0, begins: ["GIF8"] },
  { name: "WebP", decodable: true, offset: 8, begins: ["WEBP"] },
  { name: "TIFF", decodable: true, offset: 0, begins: ["II*\0", "II+\0", "MM\0*", "MM\0+"] },
  { name: "AVIF", decodable: true, offset: 4, begins: ["ftypavif", "ftypavis"] },
  { name: "HEIC", decodable: false, offset: 4, begins: ["ftyphei", "ftyphev"] },
  { name: "JPEG XL", decodable: false, offset: 0, begins: ["\xff\x0a", "\0\0\0\x0cJXL "] },
  { name: "JPEG 2000", decodable: false, offset: 0, begins: ["\xff\x4f\xff\x51", "\0\0\0\x0cjP  "] },
  { name: "BMP", decodable: false, offset: 0, begins: ["BM"] },
  { name: "Photoshop", decodable: false, offset: 0, begins: ["8BPS"] },
  { name: "PDF", decodable: false, offset: 0, begins: ["%PDF-"] },
  { name: "Zip", decodable: false, offset: 0, begins: ["PK\x03\x04"] },
];

/** Returns the format of the file that starts with these bytes. Returns null for unknown formats, and for text formats such as SVG. */
export function formatOf(bytes: Uint8Array): ImageFormat | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(32, bytes.byteLength)).toString("latin1");
  return signatures.find(({ offset, begins }) => begins.some((text) => head.startsWith(text, offset))) ?? null;
}
