/** Small pictures, each different from all others, and a web server of the test that also breaks and stalls. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { encodePng } from "../../../src/kit/index.js";

const side = 8;

/** The same bytes for the same name. */
export function pictureOf(name: string): Buffer {
  const hash = createHash("shake256", { outputLength: side * side * 3 })
    .update(name)
    .digest();
  return Buffer.from(encodePng({ width: side, height: side, channels: 3, data: hash }, 1));
}

export function damagedPicture(name: string): Buffer {
  return pictureOf(name).subarray(0, 60);
}

export interface PictureServer extends AsyncDisposable {
  readonly url: string;
}

/** `/picture/NAME`, `/broken/NAME` (the connection ends in the middle), `/stalled/NAME` (it never comes), and 404 for all else. */
export async function servePictures(): Promise<PictureServer> {
  const server = createServer(({ url = "" }, response) => {
    const [, kind, name = ""] = url.split("/");
    const bytes = pictureOf(name);
    if (kind === "picture") response.writeHead(200, { "content-type": "image/png" }).end(bytes);
    else if (kind === "broken") {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 40), () => response.destroy());
    } else if (kind !== "stalled") response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
