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
  readonly totalBytes: number;
  readonly #client: Client;
  readonly #collection: string;
  readonly #portions: Portion[];
  #sentBytes = 0;

  constructor(client: Client, collection: string, files: readonly File[]) {
    this.#client = client;
    this.#collection = collection;
    this.#portions = portionsOf(files);
    this.totalBytes = bytesOf(files);
  }

  /** Sends what is not sent yet, and returns the last job. Throws `ServiceError`; then it can be called again. */
  async send(onSent: (bytes: number) => void, signal: AbortSignal): Promise<Job | null> {
    let job: Job | null = null;
    for (let [portion] = this.#portions; portion !== undefined; [portion] = this.#portions) {
      job = await this.#sendPortion(portion, (bytes) => onSent(Math.min(this.totalBytes, this.#sentBytes + bytes)), signal);
      this.#sentBytes += bytesOf(portion.files);
      this.#portions.shift();
      onSent(this.#sentBytes);
    }
    return job;
  }

  /** `fetch` does not tell how much of a body is sent. */
  #sendPortion({ files, key }: Portion, onSent: (bytes: number) => void, signal: AbortSignal): Promise<Job> {
    const form = new FormData();
    form.set("collection", this.#collection);
    for (const file of files) form.append("images", file, file.name);
    const { apiKey, onKeyMissing } = this.#client;
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
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
      signal.addEventListener("abort", () => request.abort(), { once: true });
      request.send(form);
    });
  }
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
