/** Tells the failure of an image from the outage of its origin, such as a web server or a bucket. */
import type { ImageRef, Reader } from "../../contracts/index.js";
import { Origin, type OriginOptions, type OtherOrigins } from "./origin.js";

const defaults: OriginOptions = { patienceMs: 30_000, betweenChecksMs: 1_000, recentMs: 10_000, givenUpPerAnswer: 10 };

/** Origins that are remembered. Of more, those that were seen first are forgotten. */
const maxOrigins = 10_000;

/** The origins of one run. */
export class Origins implements OtherOrigins {
  readonly #options: OriginOptions;
  readonly #byName = new Map<string, Origin>();
  #answers = 0;

  constructor(options: Partial<OriginOptions> = {}) {
    this.#options = { ...defaults, ...options };
  }

  get answers(): number {
    return this.#answers;
  }

  countAnswer(): void {
    this.#answers += 1;
  }

  /** Wraps a reader of a network, so that an outage of an origin does not become the failure of its images. */
  reader(reader: Reader): Reader {
    const { checkOrigin, readIfChanged } = reader;
    if (checkOrigin === undefined) return reader;
    return {
      ...reader,
      read: (ref, limits, signal) => this.#of(reader, ref).read(ref, () => reader.read(ref, limits, signal), signal),
      ...(readIfChanged === undefined
        ? {}
        : {
            readIfChanged: (ref: ImageRef, wanted: { readonly maxBytes: number; readonly storedVersion: string }, signal: AbortSignal) =>
              this.#of(reader, ref).read(ref, () => readIfChanged.call(reader, ref, wanted, signal), signal),
          }),
    };
  }

  hasAnsweredBeside(origin: Origin, sinceMs: number): boolean {
    return [...this.#byName.values()].some((other) => other !== origin && other.isThere(sinceMs));
  }

  #of(reader: Reader, { location }: ImageRef): Origin {
    const name = originOf(location);
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const origin = new Origin(name, reader, this, this.#options);
    this.#byName.set(name, origin);
    const [oldest = name] = this.#byName.keys();
    if (this.#byName.size > maxOrigins) this.#byName.delete(oldest);
    return origin;
  }
}

/** `https://images.example:8080`, or `s3://bucket`, without a user and a password. */
function originOf(location: string): string {
  const [, scheme = "", host = ""] = /^([^:/]*):\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(location) ?? [];
  return `${scheme}://${host}`;
}
