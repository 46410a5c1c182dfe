/**
 * Decides where an image is read and decoded: in the main thread at first, and in decode workers once they have started. No image waits for
 * the start of a worker. Workers start with the fourth image, so that a run of a few images starts none. In a run that expects many images,
 * they start beside the opening of the model and the store. If no worker can start, the main thread goes on with all images.
 */
import type { DecodingReader, ReadAndDecode } from "../../chain/index.js";
import { HeadraceError, type ImageDecoder, type Reader } from "../../contracts/index.js";
import type { DecodeWorkers } from "./decode-workers.js";
import { shortageHint } from "./shortage.js";

/** The workers start when a pipeline has read more images than this. */
const imagesBeforeStart = 3;

export class HandOver {
  readonly #start: () => Promise<DecodeWorkers>;
  #seen = 0;
  #state: "idle" | "starting" | "started" | "refused" = "idle";
  #workers: DecodeWorkers | null = null;
  #notices: string[] = [];

  /** `start` opens the workers. It is called once, and again by each `begin` after it has rejected. */
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

  /** Returns a decoder that uses the workers once they have started, and `main` before. It also says which workers have not started. */
  decoder(main: ImageDecoder): ImageDecoder {
    return {
      name: main.name,
      measure: (image) => main.measure(image),
      decode: (image, target, signal) => (this.#workers ?? main).decode(image, target, signal),
      notices: () => [...(main.notices?.() ?? []), ...this.#notices.splice(0)],
    };
  }

  /** Starts the workers before the first image is read, for a run that will have many. No effect if they have started or are starting. */
  begin(): void {
    if (this.#state === "starting" || this.#state === "started") return;
    this.#state = "starting";
    this.#start().then(
      (workers) => {
        this.#state = "started";
        this.#workers = workers;
        if (workers.shortage !== null) this.#notices.push(workers.shortage);
      },
      (error: unknown) => {
        this.#state = "refused";
        const { message } = HeadraceError.from(error);
        this.#notices.push(`no decode worker has started, so the main thread decodes all images: ${message}. ${shortageHint}`);
      },
    );
  }

  #count(): void {
    this.#seen += 1;
    if (this.#seen > imagesBeforeStart && this.#state === "idle") this.begin();
  }
}
