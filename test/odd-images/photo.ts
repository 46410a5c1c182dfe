/** The small photo that odd and damaged inputs are made of. */
import { fileURLToPath } from "node:url";
import sharp, { type SharpOptions } from "sharp";

/** Pixels and their size, as sharp takes them. */
export type Photo = readonly [Buffer, SharpOptions];

const source = fileURLToPath(new URL("../../../test/fidelity/golden/coffee.jpg", import.meta.url));

/** 320 × 213 pixels of a cup of coffee. */
export async function smallPhoto(): Promise<Photo> {
  const image = sharp(source).resize(320, 213, { fit: "fill" });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return [data, { raw: { width: info.width, height: info.height, channels: 3 } }];
}

export function encodeAs(photo: Photo, format: "jpeg" | "png" | "webp" | "gif" | "tiff" | "avif"): Promise<Buffer> {
  const image = sharp(...photo);
  switch (format) {
    case "avif":
      return image.avif({ effort: 0 }).toBuffer();
    case "tiff":
      return image.tiff({ compression: "deflate" }).toBuffer();
    case "webp":
      return image.webp({ lossless: true, effort: 0 }).toBuffer();
    default:
      return image.toFormat(format).toBuffer();
  }
}
