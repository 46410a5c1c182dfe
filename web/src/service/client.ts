/** Talks to the service that the page came from. */
import type { Collection, Hits, NewCollection, PageOfImages, Problem, Service, StoredImage } from "./types.js";

/** An answer with an error, or no answer. */
export class ServiceError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title);
  }
}

export interface SearchRequest {
  readonly collection: string;
  /** Chosen images, the id of a stored row, or words. */
  readonly query: readonly Blob[] | { readonly id: string } | { readonly text: string };
  readonly filter: string;
  readonly limit: number;
}

export interface PageOptions {
  readonly limit: number;
  readonly filter: string;
  readonly cursor: string | null;
}

export class Client {
  /** `onKeyMissing` is called when the service wants an API key, or another one. */
  constructor(
    readonly apiKey: string | null,
    readonly onKeyMissing: () => void,
  ) {}

  service(signal?: AbortSignal): Promise<Service> {
    return this.json("GET", "/v1/service", { signal });
  }

  async collections(signal?: AbortSignal): Promise<readonly Collection[]> {
    return (await this.json<{ collections: Collection[] }>("GET", "/v1/collections", { signal })).collections;
  }

  collection(name: string, signal?: AbortSignal): Promise<Collection> {
    return this.json("GET", `/v1/collections/${part(name)}`, { signal });
  }

  createCollection(collection: NewCollection): Promise<Collection> {
    return this.json("POST", "/v1/collections", { body: collection });
  }

  async deleteCollection(name: string): Promise<void> {
    await this.send("DELETE", `/v1/collections/${part(name)}`);
  }

  /** Some rows, mixed. */
  async images(name: string, limit: number, filter: string, signal?: AbortSignal): Promise<readonly StoredImage[]> {
    const query = `pick=spread&limit=${limit}${filter === "" ? "" : `&filter=${part(filter)}`}`;
    return (await this.json<{ images: StoredImage[] }>("GET", `/v1/collections/${part(name)}/images?${query}`, { signal })).images;
  }

  /** A page of all rows, in the order of their ids. `cursor`: null for the first page. */
  pageOfImages(name: string, { limit, filter, cursor }: PageOptions, signal?: AbortSignal): Promise<PageOfImages> {
    const query = `pick=all&limit=${limit}${filter === "" ? "" : `&filter=${part(filter)}`}${cursor === null ? "" : `&cursor=${part(cursor)}`}`;
    return this.json("GET", `/v1/collections/${part(name)}/images?${query}`, { signal });
  }

  /** Of several images, the hits are like all of them together. */
  async search({ collection, query, filter, limit }: SearchRequest, signal: AbortSignal): Promise<Hits> {
    const path = `/v1/collections/${part(collection)}/search`;
    const [image, ...others] = "length" in query ? query : [];
    if (image === undefined || others.length > 0) {
      const asked = "length" in query ? { mix: await Promise.all(query.map(termOf)) } : query;
      return this.json("POST", path, { body: { ...asked, top_k: limit, ...(filter === "" ? {} : { filter }) }, signal });
    }
    const form = new FormData();
    form.set("image", image, "query");
    form.set("top_k", String(limit));
    if (filter !== "") form.set("filter", filter);
    return this.json("POST", path, { body: form, signal });
  }

  /** The address of a small picture. It changes when another image takes the id, so browsers keep the picture. */
  thumbnailUrl(collection: string, image: NamedImage): string {
    return imageUrl(collection, image, "thumbnail");
  }

  /** The address of a picture that fills a screen. */
  largePictureUrl(collection: string, image: NamedImage): string {
    return imageUrl(collection, image, "thumbnail", { size: "large" });
  }

  /** The address of an image as it was sent to the server. */
  originalUrl(collection: string, image: NamedImage): string {
    return imageUrl(collection, image, "original");
  }

  /** The address of a small picture of a file or web address that the server may read. */
  sourceThumbnailUrl(source: string): string {
    return `/v1/thumbnail?source=${part(source)}`;
  }

  /** The address of the snapshot that an export has made. */
  snapshotUrl(job: string): string {
    return `/v1/jobs/${part(job)}/snapshot`;
  }

  async json<T>(method: string, path: string, options: SendOptions = {}): Promise<T> {
    return (await (await this.send(method, path, options)).json()) as T;
  }

  /** Throws `ServiceError` unless the service answers with success. */
  async send(method: string, path: string, { body, signal, headers = {} }: SendOptions = {}): Promise<Response> {
    const isForm = body instanceof FormData;
    const response = await fetch(path, {
      method,
      headers: {
        ...(this.apiKey === null ? {} : { authorization: `Bearer ${this.apiKey}` }),
        ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: Error) => {
      throw error.name === "AbortError" ? error : new ServiceError(unreachable);
    });
    if (response.ok) return response;
    if (response.status === 401) this.onKeyMissing();
    throw new ServiceError(await problemIn(response));
  }
}

type NamedImage = Pick<StoredImage, "id"> & Partial<Pick<StoredImage, "content">>;

/** Rows whose vectors came without their images have no content. */
function imageUrl(
  collection: string,
  { id, content = "" }: NamedImage,
  what: string,
  query: Readonly<Record<string, string>> = {},
): string {
  const parameters = new URLSearchParams({ ...(content === "" ? {} : { content: content.slice(0, 16) }), ...query });
  return `/v1/collections/${part(collection)}/images/${part(id)}/${what}?${parameters}`;
}

interface SendOptions {
  readonly body?: object | FormData | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

async function termOf(image: Blob): Promise<{ readonly base64: string }> {
  const reader = new FileReader();
  const read = new Promise<unknown>((resolve, reject) => {
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new ServiceError({ ...unreachable, code: "source_unreadable", title: "The file cannot be read." }));
  });
  reader.readAsDataURL(image);
  return { base64: String(await read).replace(/^[^,]*,/, "") };
}

const part = encodeURIComponent;
export const unreachable: Problem = { type: "about:blank", code: "unreachable", status: 0, title: "The server does not answer." };

async function problemIn(response: Response): Promise<Problem> {
  const text = await response.text();
  const isProblem = response.headers.get("content-type")?.includes("problem+json") === true;
  return isProblem
    ? (JSON.parse(text) as Problem)
    : { type: "about:blank", code: "unexpected", status: response.status, title: response.statusText };
}

/** What to show of an error: the problem of the service, or the error of the page itself. */
export function problemOf(error: unknown): Problem {
  return error instanceof ServiceError
    ? error.problem
    : { type: "about:blank", code: "page", status: 0, title: error instanceof Error ? error.message : String(error) };
}
