/** Loads libheif-js. Uses its functions rather than its classes, because the classes print to the console when an image is damaged. */
import { libheifMissing } from "./errors.js";

/** A number inside WebAssembly. */
type Handle = number | object;

/** What a function returns instead of its result if it fails. */
interface HeifError {
  readonly code: unknown;
  readonly message: string;
}

interface HeifPixels {
  readonly image: Handle;
  readonly channels: readonly {
    readonly id: unknown;
    readonly width: number;
    readonly height: number;
    readonly stride: number;
    readonly data: Uint8Array;
  }[];
}

export interface Libheif {
  readonly ready: Promise<unknown>;
  readonly heif_error_code: { readonly heif_error_Ok: unknown };
  readonly heif_colorspace: { readonly heif_colorspace_RGB: unknown };
  readonly heif_chroma: { readonly heif_chroma_interleaved_RGBA: unknown };
  readonly heif_channel: { readonly heif_channel_interleaved: unknown };
  heif_context_alloc(): Handle;
  heif_context_free(context: Handle): void;
  heif_context_read_from_memory(context: Handle, bytes: Uint8Array): HeifError;
  heif_js_context_get_list_of_top_level_image_IDs(context: Handle): (readonly unknown[] & { readonly code?: undefined }) | HeifError;
  heif_js_context_get_image_handle(context: Handle, id: unknown): (Handle & { readonly code?: undefined }) | HeifError;
  heif_image_handle_is_primary_image(image: Handle): number | boolean;
  heif_image_handle_get_width(image: Handle): number;
  heif_image_handle_get_height(image: Handle): number;
  heif_image_handle_release(image: Handle): void;
  heif_js_decode_image2(image: Handle, colourSpace: unknown, chroma: unknown): (HeifPixels & { readonly code?: undefined }) | HeifError;
  heif_image_release(image: Handle): void;
}

/** Throws `image_unsupported` if the package cannot be loaded. */
export async function loadLibheif(): Promise<Libheif> {
  try {
    const { default: libheif } = (await import("libheif-js/wasm-bundle.js")) as unknown as { readonly default: Libheif };
    await libheif.ready;
    return libheif;
  } catch (cause) {
    throw libheifMissing(cause);
  }
}
