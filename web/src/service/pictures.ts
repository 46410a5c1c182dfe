/** Pictures that the service makes. Browsers send no API key for the address of an image, so with a key the page fetches them. */
import type { Pictures } from "../parts/picture.js";
import type { Client } from "./client.js";

export function servicePictures(client: Client): Pictures {
  const load: Pictures["load"] = client.apiKey === null ? null : async (url, signal) => (await client.send("GET", url, { signal })).blob();
  return {
    urlOf: (collection, image) => client.thumbnailUrl(collection, image),
    largeUrlOf: (collection, image) => client.largePictureUrl(collection, image),
    load,
    originalOf: (collection, image) => {
      if (/^https?:/i.test(image.source)) return { url: image.source, load: null };
      return /^(sha256|file):/.test(image.source) ? { url: client.originalUrl(collection, image), load } : null;
    },
  };
}
