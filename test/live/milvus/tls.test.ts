/** TLS as `milvus.secure`, `ca_file`, `cert_file`, `key_file` and `server_name` say, through a gate that ends it before the real server. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createServer, type Server, type TlsOptions } from "node:tls";
import { milvusStore } from "../../../src/adapters/milvus/index.js";
import { HeadraceError } from "../../../src/contracts/index.js";
import { type Certificate, selfSigned } from "../../support/services/self-signed.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

type Section = NonNullable<Parameters<LiveMilvus["settings"]>[0]>;

describe("TLS", { skip: missing }, () => {
  const live = new LiveMilvus("tls_");
  const folder = mkdtempSync(join(tmpdir(), "headrace-tls-"));
  const gates: Gate[] = [];
  let byAddress: Gate;
  let byName: Gate;
  let mutual: Gate;
  const file = (name: string) => join(folder, name);

  before(async () => {
    const [address, name, client] = await Promise.all([selfSigned(), selfSigned("DNS:milvus.test"), selfSigned("DNS:client.test")]);
    keep("address", address);
    keep("name", name);
    keep("client", client);
    byAddress = await open(address);
    byName = await open(name);
    mutual = await open({ ...address, ca: client.cert, requestCert: true, rejectUnauthorized: true });
  });
  after(() => {
    for (const gate of gates) gate.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("rows are written and searched over TLS with the authority of ca_file", async () => {
    const store = await live.store({ ...byAddress.section, caFile: file("address.cert") });
    const collection = await store.create("tls_rows", { dimension: 8, metric: "l2", passport: null });
    assert.deepEqual(await collection.upsert(rowsOf(keys(20)), calm), []);
    const [hits] = await collection.search([rowsOf(keys(20)).vectors.slice(0, 8)], { topK: 1 });
    assert.equal(hits?.[0]?.id, keys(1)[0]);
    assert.ok(byAddress.bytes > 0, "they went through the gate");
  });

  it("server_name is compared with the certificate instead of the host", async () => {
    await accepted({ ...byName.section, caFile: file("name.cert"), serverName: "milvus.test" });
  });

  it("cert_file and key_file prove who the client is", async () => {
    await accepted({ ...mutual.section, caFile: file("address.cert"), certFile: file("client.cert"), keyFile: file("client.key") });
  });

  const refused: readonly (readonly [string, () => Section])[] = [
    ["an authority that nobody trusts", () => byAddress.section],
    ["a certificate for another name", () => ({ ...byName.section, caFile: file("name.cert") })],
    ["another server_name", () => ({ ...byName.section, caFile: file("name.cert"), serverName: "other.test" })],
    ["no certificate where the server asks for one", () => ({ ...mutual.section, caFile: file("address.cert") })],
    ["a connection in clear text", () => ({ ...byAddress.section, secure: false })],
  ];
  for (const [what, section] of refused) {
    it(`${what} is refused`, () => rejected(section(), "store_unavailable", /milvus\.(secure|host|port)/));
  }

  const conflicts: readonly (readonly [string, Section, RegExp])[] = [
    ["ca_file without secure", { caFile: "ca.pem" }, /milvus\.ca_file: expected milvus\.secure, found false/],
    ["server_name without secure", { serverName: "milvus.test" }, /milvus\.server_name: expected milvus\.secure, found false/],
    ["cert_file without key_file", { secure: true, certFile: "cert.pem" }, /milvus\.cert_file, milvus\.key_file/],
  ];
  for (const [what, section, message] of conflicts) {
    it(`${what} is refused, because it would have no effect`, () => rejected(section, "config_conflict", message));
  }

  async function accepted(section: Section): Promise<void> {
    const store = await live.store(section);
    await store.check(calm);
  }

  async function rejected(section: Section, code: string, message: RegExp): Promise<void> {
    const store = milvusStore(live.settings({ timeout: 5, ...section }));
    await assert.rejects(store.open(calm), (error) => HeadraceError.is(error) && error.code === code && message.test(error.message));
    await store.close();
  }

  function keep(name: string, { key, cert }: Certificate): void {
    writeFileSync(file(`${name}.key`), key);
    writeFileSync(file(`${name}.cert`), cert);
  }

  async function open(options: TlsOptions): Promise<Gate> {
    const gate = new Gate(live.server.address, options);
    gates.push(gate);
    await gate.listen();
    return gate;
  }
});

/** Ends TLS and passes on what is inside, as an ingress does. */
class Gate {
  bytes = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(address: string, options: TlsOptions) {
    const [host = "", port = ""] = address.split(":");
    this.#server = createServer({ ...options, ALPNProtocols: ["h2"] }, (client) => {
      const milvus = connect(Number(port), host);
      for (const socket of [client, milvus]) {
        this.#sockets.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => this.#sockets.delete(socket));
      }
      client.on("data", (chunk: Buffer) => {
        this.bytes += chunk.byteLength;
      });
      client.pipe(milvus).pipe(client);
    });
    this.#server.on("tlsClientError", () => undefined);
  }

  get section(): Section {
    return { host: "127.0.0.1", port: (this.#server.address() as AddressInfo).port, secure: true };
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
