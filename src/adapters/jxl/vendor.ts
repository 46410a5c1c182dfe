/** Loads the WebAssembly of @jsquash/jxl. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { jxlMissing } from "./errors.js";

export interface JxlCodec {
  decode(bytes: Uint8Array): { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray } | null;
}

/** Throws `image_unsupported` if the package cannot be loaded. */
export async function loadJxl(): Promise<JxlCodec> {
  try {
    const { default: codec } = await import("@jsquash/jxl/codec/dec/jxl_dec.js");
    const wasm = await readFile(createRequire(import.meta.url).resolve("@jsquash/jxl/codec/dec/jxl_dec.wasm"));
    provideImageData();
    return (await codec({ wasmBinary: wasm, noInitialRun: true, print: ignore, printErr: ignore })) as unknown as JxlCodec;
  } catch (cause) {
    throw jxlMissing(cause);
  }
}

/** The codec prints what it finds wrong with an image. The error of the image says that it is damaged. */
const ignore = (): void => undefined;

/** The codec makes an `ImageData`, a class of browsers that Node does not have. */
function provideImageData(): void {
  const scope = globalThis as { ImageData?: unknown };
  scope.ImageData ??= class {
    constructor(
      readonly data: Uint8ClampedArray,
      readonly width: number,
      readonly height: number,
    ) {}
  };
}
