/** Recognises image files: by the extension of their names, and by their first bytes. */

/** The file extensions of images that the decoder can read, without the dot. */
export const imageExtensions: readonly string[] = [
  ...["jpg", "jpeg", "jpe", "jfif", "jif", "pjpeg", "pjp"],
  ...["png", "apng", "webp", "gif", "avif", "tif", "tiff", "bmp", "dib", "heic", "heif", "jxl"],
];

export interface ImageFormat {
  readonly name: string;
  /** What decodes the format: the prebuilt package of sharp, or an `ImageConverter`. Null: nothing does. */
  readonly decoder: "sharp" | "converter" | null;
}

interface Signature extends ImageFormat {
  readonly offset: number;
  /** The bytes at `offset`, as Latin-1 text. One of these texts must match. */
  readonly begins: readonly string[];
}

const signatures: readonly Signature[] = [
  { name: "JPEG", decoder: "sharp", offset: 0, begins: ["\xff\xd8\xff"] },
  { name: "PNG", decoder: "sharp", offset: 0, begins: ["\x89PNG"] },
  { name: "GIF", decoder: "sharp", offset: 0, begins: ["GIF8"] },
  { name: "WebP", decoder: "sharp", offset: 8, begins: ["WEBP"] },
  { name: "TIFF", decoder: "sharp", offset: 0, begins: ["II*\0", "II+\0", "MM\0*", "MM\0+"] },
  { name: "AVIF", decoder: "sharp", offset: 4, begins: ["ftypavif", "ftypavis"] },
  { name: "HEIC", decoder: "converter", offset: 4, begins: ["ftyphei", "ftyphev", "ftypmif1\0\0\0\0mif1heic", "ftypmif1\0\0\0\0heic"] },
  { name: "JPEG XL", decoder: "converter", offset: 0, begins: ["\xff\x0a", "\0\0\0\x0cJXL "] },
  { name: "JPEG 2000", decoder: null, offset: 0, begins: ["\xff\x4f\xff\x51", "\0\0\0\x0cjP  "] },
  { name: "BMP", decoder: "converter", offset: 0, begins: ["BM"] },
  { name: "Photoshop", decoder: null, offset: 0, begins: ["8BPS"] },
  { name: "PDF", decoder: null, offset: 0, begins: ["%PDF-"] },
  { name: "Zip", decoder: null, offset: 0, begins: ["PK\x03\x04"] },
];

/** Returns the format of the file that starts with these bytes. Returns null for unknown formats, and for text formats such as SVG. */
export function formatOf(bytes: Uint8Array): ImageFormat | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(32, bytes.byteLength)).toString("latin1");
  return signatures.find(({ offset, begins }) => begins.some((text) => head.startsWith(text, offset))) ?? null;
}
