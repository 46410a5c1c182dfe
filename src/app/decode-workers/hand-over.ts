/**
 * Decides where an image is read and decoded: in the main thread at first, and in decode workers once they have started. No image waits for
 * the start of a worker. Workers start with the fourth image, so that a run of a few images starts none. In a run that expects many images,
 * they start beside the opening of the model and the store.
 */
import type { DecodingReader, ReadAndDecode } from "../../chain/index.js";
import type { ImageDecoder, Reader } from "../../contracts/index.js";
import type { DecodeWorkers } from "./decode-workers.js";

/** The workers start when a pipeline has read more images than this. */
const imagesBeforeStart = 3;

export class HandOver {
  readonly #start: () => Promise<DecodeWorkers>;
  #seen = 0;
  #isStarted = false;
  #workers: DecodeWorkers | null = null;
  #failure: unknown = null;

  /** `start` opens the workers. It is called once. */
  constructor(start: () => Promise<DecodeWorkers>) {
    this.#start = start;
  }

  /** Returns a reader that uses the workers once they have started, and `main` before. It decodes once the workers have started. */
  reader(main: Reader): DecodingReader {
    const readAndDecode = (): ReadAndDecode | null => this.#workers?.readAndDecode ?? null;
    return {
      name: main.name,
      schemes: main.schemes,
      get readAndDecode() {
        return readAndDecode();
      },
      read: async (ref, options, signal) => {
        this.#count();
        return (this.#workers ?? main).read(ref, options, signal);
      },
    };
  }

  /** Returns a decoder that uses the workers once they have started, and `main` before. */
  decoder(main: ImageDecoder): ImageDecoder {
    return {
      name: main.name,
      measure: (image) => main.measure(image),
      decode: (image, target, signal) => (this.#workers ?? main).decode(image, target, signal),
    };
  }

  /** Starts the workers before the first image is read, for a run that will have many. Further calls have no effect. */
  begin(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#start().then(
      (workers) => {
        this.#workers = workers;
      },
      (error: unknown) => {
        this.#failure = error;
      },
    );
  }

  #count(): void {
    if (this.#failure !== null) throw this.#failure;
    this.#seen += 1;
    if (this.#seen > imagesBeforeStart) this.begin();
  }
}
