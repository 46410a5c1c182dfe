/** A fake decoder for tests: the pixels are a fixed function of the bytes. */
import { type Encoded, type Geometry, HeadraceError, type ImageDecoder, type ImageMeasure, type Pixels } from "../../contracts/index.js";
import { checkAborted } from "../../kit/index.js";

/** The decoder reports an image as damaged if the first byte of the file has this value. */
const damagedMark = 0xff;

export function memoryDecoder(): ImageDecoder {
  return new MemoryDecoder();
}

class MemoryDecoder implements ImageDecoder {
  readonly name = "memory";

  async measure(image: Encoded): Promise<ImageMeasure> {
    checkBytes(image);
    return { width: 16, height: 12, peakBytes: 0 };
  }

  async decode(image: Encoded, { width, height }: Geometry, signal: AbortSignal): Promise<Pixels> {
    checkAborted(signal, "decoding");
    checkBytes(image);
    const data = new Uint8Array(width * height * 3);
    for (let index = 0; index < data.length; index += 1) data[index] = (image.bytes[index % image.bytes.length] ?? 0) + index * 7;
    return { width, height, data, original: { width: 16, height: 12 } };
  }
}

function checkBytes({ bytes }: Encoded): void {
  if (bytes.length > 0 && bytes[0] !== damagedMark) return;
  throw new HeadraceError("image_corrupt", "image: expected whole bytes, found empty or damaged ones");
}
