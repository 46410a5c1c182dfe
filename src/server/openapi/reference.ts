/** The OpenAPI document and the page about it, as bytes to send. Each is made once, because anybody may ask for them, as often as they like. */
import type { Route } from "../requests/route.js";
import type { OpenApiDocument } from "../wire/openapi-shape.js";
import { openApiDocument } from "./document.js";
import { referencePage } from "./page.js";

export class Reference {
  readonly #routes: readonly Route[];
  #described: OpenApiDocument | null = null;
  #document: Buffer | null = null;
  #page: Buffer | null = null;

  constructor(routes: readonly Route[]) {
    this.#routes = routes;
  }

  /** JSON. */
  get document(): Uint8Array {
    this.#document ??= Buffer.from(JSON.stringify(this.#describe()));
    return this.#document;
  }

  /** HTML. */
  get page(): Uint8Array {
    this.#page ??= Buffer.from(referencePage(this.#describe()));
    return this.#page;
  }

  #describe(): OpenApiDocument {
    this.#described ??= openApiDocument(this.#routes);
    return this.#described;
  }
}
