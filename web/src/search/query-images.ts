/** The images that people have searched with since the page was loaded, so that Back leads to them again. The address holds their number. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";

export interface QueryImage {
  readonly file: Blob;
  /** Address of the image for the page itself. */
  readonly url: string;
}

export class QueryImages {
  readonly #images = new Map<string, QueryImage>();
  /** An address from before a reload must not lead to another image. */
  readonly #loadedAt = Date.now().toString(36);

  /** Returns the number of the image. */
  add(file: Blob): string {
    const number = `${this.#loadedAt}-${this.#images.size + 1}`;
    this.#images.set(number, { file, url: URL.createObjectURL(file) });
    return number;
  }

  get(number: string): QueryImage | null {
    return this.#images.get(number) ?? null;
  }
}

export const QueryImagesContext = createContext(new QueryImages());
export const useQueryImages = (): QueryImages => useContext(QueryImagesContext);
