/** A wrong setting gives one error that names the setting and shows what was found. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { after, describe, test } from "node:test";
import { type TritonEmbedderOptions, tritonEmbedder } from "../../../src/adapters/triton/index.js";
import { type ErrorCode, HeadraceError } from "../../../src/contracts/index.js";
import { freePorts } from "../../support/services/process.js";
import { skipUnless } from "../../support/services/required.js";
import { selfSigned } from "../../support/services/self-signed.js";
import { installTriton, startTriton } from "../../support/services/triton.js";

const skip = await skipUnless("Triton", installTriton);
const never = new AbortController().signal;
const small = { kind: "sleeping", name: "small", baseMs: 0, rowMs: 0, dimension: 16, size: 8 } as const;

describe("a wrong setting for Triton", { skip }, async () => {
  if (skip !== false) return;
  const server = await startTriton({
    models: [small, { ...small, name: "open", declaredDimension: -1 }, { ...small, name: "floats", input: "float32" }],
  });
  after(() => server.stop());
  const [closedPort] = await freePorts(1);

  const cases: readonly (TritonEmbedderOptions & { readonly what: string; readonly code: ErrorCode; readonly says: readonly RegExp[] })[] =
    [
      {
        what: "model name",
        modelName: "smal",
        code: "model_mismatch",
        says: [
          /expected a model "smal" \(triton\.model_name\), found floats, open, small/,
          /Set triton\.model_name to one of: floats, open, small/,
        ],
      },
      {
        what: "model version",
        modelName: "small",
        modelVersion: "7",
        code: "model_mismatch",
        says: [/expected version 7 \(triton\.model_version\)/],
      },
      {
        what: "input name",
        modelName: "small",
        inputName: "image",
        code: "model_mismatch",
        says: [/expected triton\.input_name "image", found "images" UINT8 \[-1, 8, 8, 3\]/, /Set triton\.input_name to images/],
      },
      {
        what: "output name",
        modelName: "small",
        outputName: "logits",
        code: "model_mismatch",
        says: [/expected triton\.output_name "logits", found "embedding" FP32 \[-1, 16\]/],
      },
      {
        what: "data type",
        modelName: "small",
        expect: { dtype: "float32" },
        code: "model_mismatch",
        says: [/expected tensors of float32 .*found input "images" UINT8/, /config\.pbtxt: .*data_type: TYPE_FP32, dims: \[ 8, 8, 3 \]/],
      },
      {
        what: "layout",
        modelName: "small",
        expect: { layout: "NCHW" },
        code: "model_mismatch",
        says: [/expected preprocess\.data_format NCHW/, /dims: \[ 3, 8, 8 \]/],
      },
      {
        what: "image size",
        modelName: "small",
        expect: { imageSize: [16, 12] },
        code: "model_mismatch",
        says: [/expected preprocess\.image_size \[16, 12\], found input "images" UINT8 NHWC of 8 × 8 pixels/, /dims: \[ 16, 12, 3 \]/],
      },
      {
        what: "dimension",
        modelName: "small",
        expect: { dimension: 512 },
        code: "model_mismatch",
        says: [/expected milvus\.embedding_dim 512, found output "embedding" with 16 numbers/, /dims: \[ 512 \]/],
      },
      {
        what: "dimension that only an inference tells",
        modelName: "open",
        expect: { dimension: 512 },
        code: "model_mismatch",
        says: [/expected milvus\.embedding_dim 512, found output "embedding" with 16 numbers/, /data_type: TYPE_FP32, dims: \[ 512 \]/],
      },
      {
        what: "type for preprocess.backend server",
        modelName: "floats",
        expect: { dtype: "uint8" },
        code: "model_mismatch",
        says: [/expected uint8, as preprocess\.backend server sends, found input "images" FP32/, /data_type: TYPE_UINT8.*--ensemble/],
      },
      {
        what: "port that nothing listens on",
        urls: [`127.0.0.1:${closedPort}`],
        modelName: "small",
        code: "embedder_unavailable",
        says: [/\(triton\.url\): expected a server, found nothing that listens/, /set triton\.url/],
      },
      {
        what: "port that nothing listens on, with gRPC",
        urls: [`127.0.0.1:${closedPort}`],
        transport: "grpc",
        modelName: "small",
        code: "embedder_unavailable",
        says: [/found nothing that listens/],
      },
      {
        what: "gRPC port for HTTP",
        urls: [server.grpcUrl],
        modelName: "small",
        code: "config_invalid",
        says: [/expected HTTP, found a port that speaks gRPC/, /Set triton\.transport to grpc/],
      },
      {
        what: "HTTP port for gRPC",
        urls: [server.httpUrl],
        transport: "grpc",
        modelName: "small",
        code: "config_invalid",
        says: [/expected gRPC, found a port that speaks HTTP/, /Set triton\.transport to http/],
      },
      {
        what: "metrics port for HTTP",
        urls: [new URL(server.metricsUrl).host],
        modelName: "small",
        code: "config_invalid",
        says: [/Check triton\.url: the server does not speak the KServe v2 protocol/],
      },
      {
        what: "https:// for a server without TLS",
        urls: [`https://${server.httpUrl}`],
        modelName: "small",
        code: "config_invalid",
        says: [/expected TLS and HTTP, found HTTP without TLS/, /http:\/\/ instead of https:\/\//],
      },
      {
        what: "grpcs:// for a server without TLS",
        urls: [`grpcs://${server.grpcUrl}`],
        modelName: "small",
        code: "config_invalid",
        says: [/expected TLS and gRPC, found gRPC without TLS/],
      },
      {
        what: "URL",
        urls: ["tcp://localhost:8000"],
        modelName: "small",
        code: "config_invalid",
        says: [/triton\.url: expected host:port/],
      },
    ];
  for (const { what, code, says, ...options } of cases) {
    test(`a wrong ${what} is ${code}`, async () => {
      const error = await failureOf({ urls: [server.httpUrl], ...options });
      assert.equal(error.code, code, error.message);
      for (const pattern of says) assert.match(`${error.message}\n${error.hint}`, pattern);
    });
  }

  test("a server that expects TLS is named as such, over HTTP and over gRPC", async () => {
    const tls = createTlsServer(await selfSigned(), (_, response) => response.end());
    tls.listen(0, "127.0.0.1");
    await once(tls, "listening");
    const { port } = tls.address() as { port: number };
    try {
      for (const transport of ["http", "grpc"] as const) {
        const error = await failureOf({ urls: [`127.0.0.1:${port}`], transport, modelName: "small" });
        assert.equal(error.code, "config_invalid", error.message);
        assert.match(error.message, /found a port that expects TLS/);
        assert.match(error.hint, transport === "http" ? /https:\/\// : /grpcs:\/\//);
      }
    } finally {
      tls.close();
    }
  });

  test("two servers with different models are refused", async () => {
    const other = await startTriton({ models: [{ ...small, dimension: 24 }] });
    try {
      const error = await failureOf({ urls: [server.httpUrl, other.httpUrl], modelName: "small" });
      assert.equal(error.code, "model_mismatch");
      assert.match(error.message, /\[16\].*\[24\]|\[24\].*\[16\]/);
    } finally {
      await other.stop();
    }
  });
});

async function failureOf(options: TritonEmbedderOptions): Promise<HeadraceError> {
  const embedder = tritonEmbedder({ timeout: 10, ...options });
  try {
    await embedder.open(never);
  } catch (error) {
    assert.ok(HeadraceError.is(error), String(error));
    return error;
  } finally {
    await embedder.close();
  }
  return assert.fail("expected an error, but it opened");
}
