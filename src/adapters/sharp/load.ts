import type sharpModule from "sharp";
import { sharpMissing } from "./errors.js";

export type Sharp = typeof sharpModule;

/**
 * Loads sharp with one thread per image, because the workers of a run already decode in parallel, and without a cache, because each image
 * is decoded once. Throws `part_missing`.
 */
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
