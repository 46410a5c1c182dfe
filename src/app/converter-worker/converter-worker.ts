/** A thread that converts the images of the main thread. A conversion is one long computation, and requests would have to wait for it. */
import { HeadraceError, type ImageConverter, type Part } from "../../contracts/index.js";
import { WorkerPool } from "../../kit/index.js";
import type { ConvertAnswer, ConvertRequest } from "./protocol.js";

/** The caller that stops does not end a conversion, so its memory still counts. */
const calm = new AbortController().signal;

export class ConverterWorker implements Part {
  readonly name = "converter worker";
  readonly #pool: WorkerPool<null, ConvertRequest, ConvertAnswer>;

  /** `worker`: the main module of the thread. Default: the one that converts with the converters of this package. */
  constructor({ worker = new URL("./worker.js", import.meta.url) }: { readonly worker?: URL } = {}) {
    this.#pool = new WorkerPool({
      name: this.name,
      url: worker,
      settings: null,
      size: 1,
      death: (why, cause) =>
        new HeadraceError("image_crashed_decoder", `image: expected an answer of the converter worker, but the worker died: ${why}`, {
          cause,
        }),
      giveBack: () => undefined,
      // Images that crash the worker do not keep others from being converted.
      maxDeaths: Number.POSITIVE_INFINITY,
    });
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#pool.open(signal);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async measure(format: string, bytes: Uint8Array): Promise<{ readonly width: number; readonly height: number }> {
    const answer = await this.#pool.call({ kind: "measure", format }, new Uint8Array(bytes).buffer, calm);
    if (answer.kind !== "measured") throw wrongAnswer("measured", answer);
    return { width: answer.width, height: answer.height };
  }

  async convert(format: string, bytes: Uint8Array, damaged: "refuse" | "keep"): ReturnType<ImageConverter["convert"]> {
    const answer = await this.#pool.call({ kind: "convert", format, damaged }, new Uint8Array(bytes).buffer, calm);
    if (answer.kind !== "converted") throw wrongAnswer("converted", answer);
    const { kind: _, ...converted } = answer;
    return converted;
  }
}

function wrongAnswer(expected: ConvertAnswer["kind"], { kind }: ConvertAnswer): HeadraceError {
  return new HeadraceError("contract_broken", `converter worker: expected the answer "${expected}", found "${kind}"`);
}
