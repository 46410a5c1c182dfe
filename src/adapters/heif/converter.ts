/** Converts HEIC files to PNG. */
import type { ConvertedImage, ImageConverter } from "../../contracts/index.js";
import { encodePng } from "../../kit/index.js";
import { fromHeifError, heifCorrupt } from "./errors.js";
import { iccProfileOf } from "./profile.js";
import { type Libheif, loadLibheif } from "./vendor.js";

type Image = Parameters<Libheif["heif_image_handle_get_width"]>[0];

/**
 * The package libheif-js is loaded with the first HEIC image. It turns the image upright, and gives 8 bits per channel. Its memory grows to the
 * largest image and stays so.
 */
export function heifConverter(): ImageConverter {
  let loading: Promise<Libheif> | undefined;
  const load = (): Promise<Libheif> => {
    loading ??= loadLibheif();
    return loading;
  };
  return {
    name: "libheif",
    bytesPerPixel: 20,
    measure: async (bytes) => {
      const libheif = await load();
      return withPrimaryImage(libheif, bytes, async (image) => sizeOf(libheif, image));
    },
    convert: async (bytes): Promise<ConvertedImage> => {
      const libheif = await load();
      return withPrimaryImage(libheif, bytes, (image) => converted(libheif, image, bytes));
    },
  };
}

async function withPrimaryImage<T>(libheif: Libheif, bytes: Uint8Array, use: (image: Image) => Promise<T>): Promise<T> {
  const context = libheif.heif_context_alloc();
  const images: Image[] = [];
  try {
    const { code, message } = libheif.heif_context_read_from_memory(context, bytes);
    if (code !== libheif.heif_error_code.heif_error_Ok) throw heifCorrupt(message);
    const ids = libheif.heif_js_context_get_list_of_top_level_image_IDs(context);
    if (!Array.isArray(ids)) throw heifCorrupt("no list of images");
    for (const id of ids) {
      const image = libheif.heif_js_context_get_image_handle(context, id);
      if (image && (image as { code?: unknown }).code === undefined) images.push(image as Image);
    }
    const primary = images.find((image) => libheif.heif_image_handle_is_primary_image(image)) ?? images[0];
    if (primary === undefined) throw heifCorrupt("no image");
    return await use(primary);
  } catch (error) {
    throw fromHeifError(error);
  } finally {
    for (const image of images) libheif.heif_image_handle_release(image);
    libheif.heif_context_free(context);
  }
}

function sizeOf(libheif: Libheif, image: Image): { readonly width: number; readonly height: number } {
  return { width: libheif.heif_image_handle_get_width(image), height: libheif.heif_image_handle_get_height(image) };
}

async function converted(libheif: Libheif, image: Image, bytes: Uint8Array): Promise<ConvertedImage> {
  const { heif_colorspace, heif_chroma, heif_channel } = libheif;
  const decoded = await libheif.heif_js_decode_image2(image, heif_colorspace.heif_colorspace_RGB, heif_chroma.heif_chroma_interleaved_RGBA);
  if (!("channels" in decoded)) throw heifCorrupt(decoded?.message ?? "its pixels");
  try {
    const plane = decoded.channels.find(({ id }) => id === heif_channel.heif_channel_interleaved);
    if (plane === undefined) throw heifCorrupt("no pixels");
    const { width, height, stride, data } = plane;
    const rows = new Uint8Array(width * height * 4);
    for (let y = 0; y < height; y += 1) rows.set(data.subarray(y * stride, y * stride + width * 4), y * width * 4);
    const profile = iccProfileOf(bytes);
    const pixels = { width, height, channels: 4 as const, data: rows };
    return { png: encodePng(profile === null ? pixels : { ...pixels, profile }, 0), width, height, damaged: false };
  } finally {
    libheif.heif_image_release(decoded.image);
  }
}
