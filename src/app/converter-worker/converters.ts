/** Converters of the main thread, which leave the work to the converter worker. */
import type { ImageConverter } from "../../contracts/index.js";
import type { ConverterWorker } from "./converter-worker.js";

type Converters = ReadonlyMap<string, () => Promise<ImageConverter>>;

/** libheif decodes a part of the file to tell its size. The size of other formats is in the first bytes. */
const measuredInWorker: ReadonlySet<string> = new Set(["HEIC"]);

/**
 * Returns the same converters, which work in the thread of `worker`. It is asked for with each image that needs it. If it rejects, no thread
 * could be started, and the main thread converts the image.
 */
export function convertersIn(worker: () => Promise<ConverterWorker>, converters: Converters): Converters {
  const started = (): Promise<ConverterWorker | null> =>
    worker().then(
      (found) => found,
      () => null,
    );
  return new Map([...converters].map(([format, make]) => [format, async () => inWorker(started, format, await make())]));
}

function inWorker(started: () => Promise<ConverterWorker | null>, format: string, here: ImageConverter): ImageConverter {
  return {
    name: here.name,
    bytesPerPixel: here.bytesPerPixel,
    measure: async (bytes) => {
      const worker = measuredInWorker.has(format) ? await started() : null;
      return worker === null ? here.measure(bytes) : worker.measure(format, bytes);
    },
    convert: async (bytes, damaged) => {
      const worker = await started();
      return worker === null ? here.convert(bytes, damaged) : worker.convert(format, bytes, damaged);
    },
  };
}
