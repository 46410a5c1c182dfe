import { createRequire } from "node:module";
import type sharpModule from "sharp";
import { sharpMissing } from "./errors.js";

export type Sharp = typeof sharpModule;

/** `import` takes three times as long, because Node then searches the CommonJS modules that sharp uses for their exports. */
const load = createRequire(import.meta.url);

/**
 * Loads sharp. Sets one thread per image, because the workers of a run already decode in parallel. Turns off the cache, because each image
 * is decoded once. Throws `part_missing` if sharp cannot be loaded.
 */
export async function loadSharp(): Promise<Sharp> {
  try {
    const sharp: Sharp = load("sharp");
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  } catch (cause) {
    throw sharpMissing(cause);
  }
}
