/** A shelf of images with versions that tests choose: a source whose changes need no clock. */
import { HeadraceError, type ImageRef, type Metadata, type Reader } from "../../src/contracts/index.js";

export interface Shelved {
  readonly text: string;
  readonly version: string;
}

export class Shelf {
  readonly #images = new Map<string, Shelved>();

  /** Puts an image there, or another one in its place. */
  put(name: string, image: Shelved): void {
    this.#images.set(name, image);
  }

  /** As a listing of `root` names it. */
  ref(name: string, metadata: Metadata | null, root = "shelf:"): ImageRef {
    const version = this.#images.get(name)?.version ?? null;
    return { uri: `shelf:${name}`, location: name, scheme: "shelf", root, version, sizeBytes: null, metadata };
  }

  reader(): Reader {
    return {
      name: "shelf",
      schemes: ["shelf"],
      read: async ({ location }) => {
        const image = this.#images.get(location);
        if (image === undefined) throw new HeadraceError("source_not_found", `${location} is not on the shelf`, { item: location });
        return { bytes: Buffer.from(image.text), version: image.version };
      },
    };
  }
}
