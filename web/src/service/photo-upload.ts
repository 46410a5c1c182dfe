/** Sends photos in portions, each of which becomes a job. After a failure it goes on with the portion that failed. */
import { type Client, ServiceError, unreachable } from "./client.js";
import type { Job } from "./job-types.js";
import type { Problem } from "./types.js";

const maxPhotos = 200;
const maxBytes = 512 * 1024 * 1024;

interface Portion {
  readonly files: readonly File[];
  /** Tells the service that a portion comes again whose answer was lost. */
  readonly key: string;
}

export class PhotoUpload {
  readonly #client: Client;
  readonly #collection: string;
  readonly #portions: Portion[];
  #refused: readonly File[] = [];
  #totalBytes: number;
  #sentBytes = 0;
  #lastJob: Job | null = null;

  constructor(client: Client, collection: string, files: readonly File[]) {
    this.#client = client;
    this.#collection = collection;
    this.#portions = portionsOf(files);
    this.#totalBytes = bytesOf(files);
  }

  /** Without the photos that were left out. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Photos that the service has refused. They are in the way of the others until it takes them or `leaveOut` is called. */
  get refused(): readonly File[] {
    return this.#refused;
  }

  /** Sends what is not sent yet, and returns the last job; null: there is none. Throws `ServiceError`; then it can be called again. */
  async send(onSent: (bytes: number) => void, signal: AbortSignal): Promise<Job | null> {
    this.#refused = [];
    for (let [portion] = this.#portions; portion !== undefined; [portion] = this.#portions) {
      try {
        this.#lastJob = await this.#sendPortion(portion, (bytes) => onSent(Math.min(this.#totalBytes, this.#sentBytes + bytes)), signal);
      } catch (error) {
        onSent(this.#sentBytes);
        if (!isForGood(error)) throw error;
        if (isTooLarge(error) && portion.files.length > 1) {
          this.#portions.splice(0, 1, ...halvesOf(portion));
          continue;
        }
        this.#refused = portion.files;
        throw error;
      }
      this.#sentBytes += bytesOf(portion.files);
      this.#portions.shift();
      onSent(this.#sentBytes);
    }
    return this.#lastJob;
  }

  /** Gives up the photos that were refused. */
  leaveOut(): void {
    if (this.#refused.length === 0) return;
    this.#portions.shift();
    this.#totalBytes -= bytesOf(this.#refused);
    this.#refused = [];
  }

  /** `fetch` does not tell how much of a body is sent. */
  #sendPortion({ files, key }: Portion, onSent: (bytes: number) => void, signal: AbortSignal): Promise<Job> {
    const form = new FormData();
    form.set("collection", this.#collection);
    for (const file of files) form.append("images", file, file.name);
    const { apiKey, onKeyMissing } = this.#client;
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const abort = (): void => request.abort();
      request.open("POST", "/v1/jobs");
      request.setRequestHeader("idempotency-key", key);
      if (apiKey !== null) request.setRequestHeader("authorization", `Bearer ${apiKey}`);
      request.upload.onprogress = ({ loaded }) => onSent(loaded);
      request.onerror = () => reject(new ServiceError(unreachable));
      request.onabort = () => reject(new ServiceError(unreachable));
      request.onload = () => {
        if (request.status === 401) onKeyMissing();
        if (request.status < 300) resolve(JSON.parse(request.responseText) as Job);
        else reject(new ServiceError(problemIn(request)));
      };
      request.onloadend = () => signal.removeEventListener("abort", abort);
      signal.addEventListener("abort", abort);
      request.send(form);
    });
  }
}

/** Other refusals are about the key, the collection or the moment, not about the photos. */
const otherRefusals: ReadonlySet<number> = new Set([401, 403, 404, 408, 409, 425, 429]);

function isForGood(error: unknown): error is ServiceError {
  if (!(error instanceof ServiceError)) return false;
  const { status } = error.problem;
  return status >= 400 && status < 500 && !otherRefusals.has(status);
}

const isTooLarge = ({ problem }: ServiceError): boolean => problem.status === 413;

/** One photo may be too large for all of them, or all of them for a proxy. */
function halvesOf({ files }: Portion): Portion[] {
  const middle = Math.ceil(files.length / 2);
  return [files.slice(0, middle), files.slice(middle)].map((half) => ({ files: half, key: randomKey() }));
}

function problemIn(request: XMLHttpRequest): Problem {
  const isProblem = request.getResponseHeader("content-type")?.includes("problem+json") === true;
  return isProblem
    ? (JSON.parse(request.responseText) as Problem)
    : { type: "about:blank", code: "unexpected", status: request.status, title: request.statusText };
}

function portionsOf(files: readonly File[]): Portion[] {
  const portions: { files: File[]; key: string }[] = [];
  let bytes = 0;
  for (const file of files) {
    const last = portions.at(-1);
    if (last === undefined || last.files.length === maxPhotos || bytes + file.size > maxBytes) {
      portions.push({ files: [file], key: randomKey() });
      bytes = file.size;
    } else {
      last.files.push(file);
      bytes += file.size;
    }
  }
  return portions;
}

const bytesOf = (files: readonly File[]): number => files.reduce((sum, { size }) => sum + size, 0);

/** `crypto.randomUUID` is there over HTTPS and on this machine only. */
const randomKey = (): string => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16).padStart(8, "0")).join("");
