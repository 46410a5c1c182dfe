/** Headers, certificates, and a server that does not answer everything, as before a real Triton in a guarded network. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type TritonEmbedderOptions, tritonEmbedder } from "../../../src/adapters/triton/index.js";
import type { ErrorCode, HeadraceError } from "../../../src/contracts/index.js";
import { skipUnless } from "../../support/services/required.js";
import { type Certificate, selfSigned } from "../../support/services/self-signed.js";
import { installTriton, startTriton, type TritonServer } from "../../support/services/triton.js";
import { HttpGate, TcpGate } from "./gates.js";
import { embed, failure, never, small, withEmbedder } from "./helpers.js";

const skip = await skipUnless("Triton", installTriton);
type Options = Omit<TritonEmbedderOptions, "modelName">;

describe("headers for Triton", { skip, concurrency: false }, () => {
  const everything = "inference,metadata,model-config,health,statistics,model-repository,shared-memory";
  let server: TritonServer;
  before(async () => {
    // Explicit control: readiness is asked of the server, and that is the one question that stays open.
    server = await startTriton({
      models: [small],
      control: "explicit",
      args: [
        `--http-restricted-api=${everything.replace("health,", "")}:x-key=s3cret`,
        `--grpc-restricted-protocol=${everything}:key=s3cret`,
      ],
    });
  });
  after(() => server?.stop());
  const ways = [
    ["http", "X-Key", /Set triton\.headers to \{ "x-key": … \}/],
    ["shm", "X-Key", /Set triton\.headers to \{ "x-key": … \}/],
    ["grpc", "triton-grpc-protocol-key", /Set triton\.headers to \{ "triton-grpc-protocol-key": … \}/],
  ] as const;

  for (const [transport, header, hint] of ways) {
    const options = () => ({ urls: [transport === "grpc" ? server.grpcUrl : server.httpUrl], transport });

    test(`${transport}: they go with every request`, async () => {
      await withEmbedder({ ...options(), modelName: small.name, headers: { [header]: "s3cret" } }, async (embedder) => {
        assert.equal(embedder.transports[0]?.transport, transport);
        assert.equal((await embed(embedder, [1, 2])).values.length, 32);
      });
    });

    test(`${transport}: without them, and with wrong ones, the error names the setting, and never a value`, async () => {
      for (const headers of [{}, { [header]: "hunter2" }]) {
        const error = await refusal({ ...options(), headers });
        assert.equal(error.code, "config_invalid", error.message);
        assert.match(error.hint, hint);
        assert.ok(!`${error.message}${error.hint}`.includes("hunter2"));
      }
    });
  }
});

describe("a Triton that withholds its models' configuration", { skip, concurrency: false }, () => {
  let server: TritonServer;
  before(async () => {
    server = await startTriton({
      models: [
        { ...small, maxBatch: 8 },
        { ...small, name: "large", maxBatch: 64 },
        { ...small, name: "single", maxBatch: 0 },
      ],
      args: ["--http-restricted-api=model-config:key=value", "--grpc-restricted-protocol=model-config:key=value"],
    });
  });
  after(() => server?.stop());

  for (const transport of ["http", "grpc", "shm"] as const) {
    test(`${transport}: it is used with what the metadata says, in batches that the model takes`, async () => {
      const urls = [transport === "grpc" ? server.grpcUrl : server.httpUrl];
      for (const [modelName, maxBatch] of [
        ["small", 8],
        ["large", 32],
        ["single", 1],
      ] as const) {
        await withEmbedder({ urls, transport, modelName }, async (embedder) => {
          assert.deepEqual([embedder.feed.maxBatch, embedder.dimension, embedder.input.width], [maxBatch, 16, 8]);
          await embed(embedder, Array(maxBatch).fill(3));
          const advice = (await embedder.diagnose()).map(({ message }) => message).join();
          assert.ok(!advice.includes("no dynamic batching"), advice);
        });
      }
    });
  }

  test("also behind a proxy that does not pass the question on", async () => {
    await using gate = await HttpGate.open(server.httpUrl);
    gate.answer = (url) => (url.endsWith("/config") ? { status: 404 } : null);
    await withEmbedder({ urls: [gate.url], transport: "http", modelName: small.name }, async (embedder) => {
      assert.equal(embedder.feed.maxBatch, 8);
    });
  });
});

describe("TLS to Triton", { skip, concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-triton-tls-"));
  const gates: TcpGate[] = [];
  const file = (name: string) => join(folder, name);
  let server: TritonServer;
  let certificates: Readonly<Record<"address" | "name" | "client", Certificate>>;

  before(async () => {
    const [address, name, client] = await Promise.all([selfSigned(), selfSigned("DNS:triton.test"), selfSigned("DNS:client.test")]);
    certificates = { address, name, client };
    for (const [of, { key, cert }] of Object.entries(certificates)) {
      writeFileSync(file(`${of}.key`), key);
      writeFileSync(file(`${of}.cert`), cert);
    }
    server = await startTriton({ models: [small] });
  });
  after(async () => {
    for (const gate of gates) await gate[Symbol.asyncDispose]();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const transport of ["http", "grpc"] as const) {
    test(`${transport}: the authority of ca_file, server_name, and a certificate of ours`, async () => {
      const byAddress = await gate(transport, "address");
      await accepted({ ...byAddress, caFile: file("address.cert") });
      const byName = await gate(transport, "name");
      await accepted({ ...byName, caFile: file("name.cert"), serverName: "triton.test" });
      const mutual = await gate(transport, "address", "mutual");
      await accepted({ ...mutual, caFile: file("address.cert"), certFile: file("client.cert"), keyFile: file("client.key") });

      for (const [what, options] of [
        ["an authority that nobody trusts", byAddress],
        ["another name", { ...byName, caFile: file("name.cert") }],
        ["no certificate of ours", { ...mutual, caFile: file("address.cert") }],
      ] as const) {
        const error = await refusal(options);
        assert.ok(["config_invalid", "embedder_unavailable"].includes(error.code), `${what}: ${error.code} ${error.message}`);
      }
    });
  }

  const conflicts: readonly (readonly [string, Options, ErrorCode, RegExp])[] = [
    [
      "ca_file without TLS",
      { urls: ["gpu1:8000"], caFile: "ca.pem" },
      "config_conflict",
      /triton\.ca_file: expected addresses with TLS, found gpu1:8000/,
    ],
    ["server_name without TLS", { urls: ["https://a", "b:8000"], serverName: "x" }, "config_conflict", /triton\.server_name: .* b:8000/],
    ["cert_file without key_file", { urls: ["https://a"], certFile: "c.pem" }, "config_conflict", /triton\.cert_file, triton\.key_file/],
    ["a file that is not there", { urls: ["https://a"], caFile: "/none.pem" }, "config_invalid", /triton\.ca_file: .*\/none\.pem/],
  ];
  for (const [what, options, code, message] of conflicts) {
    test(`${what} is refused`, async () => {
      const error = await refusal(options);
      assert.equal(error.code, code);
      assert.match(error.message, message);
    });
  }

  async function accepted(options: Options): Promise<void> {
    await withEmbedder({ ...options, modelName: small.name }, (embedder) => embed(embedder, [1, 2]));
  }

  /** Ends TLS before the server; "mutual": lets in only who has the client's certificate. */
  async function gate(transport: "http" | "grpc", certificate: "address" | "name", asks: "mutual" | "nobody" = "nobody"): Promise<Options> {
    const client = asks === "mutual" ? { ca: certificates.client.cert, requestCert: true, rejectUnauthorized: true } : {};
    const target = transport === "grpc" ? server.grpcUrl : server.httpUrl;
    const opened = await TcpGate.open(target, { ...certificates[certificate], ...client });
    gates.push(opened);
    return { urls: [`${transport === "grpc" ? "grpcs" : "https"}://${opened.url}`], transport, timeout: 5 };
  }
});

async function refusal(options: Options): Promise<HeadraceError> {
  return failure(tritonEmbedder({ ...options, modelName: small.name }).open(never));
}
