/** Loads sharp when it is first needed. */
import type sharpModule from "sharp";
import { sharpMissing } from "./errors.js";

export type Sharp = typeof sharpModule;

/** One thread an image, as lanes give the parallelism, and no cache of what is decoded once. Throws `part_missing`. */
export async function loadSharp(): Promise<Sharp> {
  try {
    const { default: sharp } = await import("sharp");
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  } catch (cause) {
    throw sharpMissing(cause);
  }
}
