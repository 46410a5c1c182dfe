import type sharpModule from "sharp";
import { sharpMissing } from "./errors.js";

export type Sharp = typeof sharpModule;

/**
 * Loads sharp. Sets one thread per image, because the workers of a run already decode in parallel. Turns off the cache, because each image
 * is decoded once. Throws `part_missing` if sharp cannot be loaded.
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
