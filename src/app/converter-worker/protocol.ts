/** The messages between the main thread and the converter worker. The buffer of a call contains the encoded image. */
import type { ConvertedImage } from "../../contracts/index.js";

export type ConvertRequest = { readonly format: string } & (
  | { readonly kind: "measure" }
  | { readonly kind: "convert"; readonly damaged: "refuse" | "keep" }
);

export type ConvertAnswer =
  | { readonly kind: "measured"; readonly width: number; readonly height: number }
  | ({ readonly kind: "converted"; readonly png: Uint8Array<ArrayBuffer> } & Omit<ConvertedImage, "png">);
