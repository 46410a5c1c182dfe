/** Opens heads from their files. */
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Head } from "../../contracts/index.js";
import { beginsWith, mebibyte } from "../../kit/index.js";

/** An array of 1,000 classes and 4,096 numbers in float64 takes 32 MiB. */
const maxArrayBytes = 256 * mebibyte;

/** Opens an ONNX file, or the arrays of a linear layer in an `.npz` file. Throws `model_invalid` or `input_invalid`. */
export async function openHead(file: string, threads: number, signal: AbortSignal): Promise<Head> {
  const path = resolve(file);
  const isFile = await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (isFile && (await beginsWith(path, "PK"))) {
    const { linearHead } = await import("../../adapters/npy/index.js");
    return linearHead(basename(path), await arraysIn(path, signal));
  }
  const { openOnnxHead } = await import("../../adapters/onnx/index.js");
  return openOnnxHead({ model: path, threads }, signal);
}

/** Returns the bytes of the arrays that numpy has stored, by their names. */
async function arraysIn(path: string, signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
  const { openZipArchive, zipReader } = await import("../../adapters/zip/index.js");
  const archive = await openZipArchive({ path, uri: pathToFileURL(path).href });
  const reader = zipReader();
  const arrays = new Map<string, Uint8Array>();
  try {
    for await (const { name, ref, problem } of archive.members(signal, () => false)) {
      if (problem !== undefined) throw problem;
      const { bytes } = await reader.read(ref, { maxBytes: maxArrayBytes }, signal);
      arrays.set(name.replace(/\.npy$/, ""), bytes);
    }
  } finally {
    await archive.close();
  }
  return arrays;
}
