/** Serves the files of a folder on loopback, each answer a given time later. Prints its port, and ends with its standard input. */
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";

const [folder = ".", latencyMs = "20"] = process.argv.slice(2);
const server = createServer(({ url = "/" }, response) => {
  setTimeout(() => createReadStream(join(folder, basename(url))).pipe(response), Number(latencyMs));
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().once("end", () => {
  server.closeAllConnections();
  server.close();
});
