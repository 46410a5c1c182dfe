/** OpenAI's own Python client against `/v1/embeddings` and `/v1/models`. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { OneWord } from "../../server/one-word.js";
import { base64, TestServer } from "../../server/running.js";
import { skipUnless } from "../../support/services/required.js";
import { installVenv, type Venv } from "../../support/services/venv.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../../../../test/live/openai/embeddings.py", import.meta.url));
const key = "reader-0123456789abcdef";

let venv: Venv;
const install = async () => {
  venv = await installVenv({ name: "openai", installs: [["openai==3.57.0"]] });
};

describe("OpenAI's client", { skip: await skipUnless("OpenAI's client", install) }, () => {
  test("gets the vectors of images and texts in base64, which is its default, and as floats, lists the models, and understands refusals", async () => {
    await using server = await TestServer.start({
      server: { keys: [{ name: "a", apiKey: key, scopes: ["read"] }] },
      textEmbedder: new OneWord(),
    });
    const images = [1, 2, 3].map((value) => `data:image/png;base64,${base64(value)}`);
    const { stdout } = await run(venv.python, [script, `${server.url}/v1`, key, ...images], {
      env: { ...process.env, NO_PROXY: "127.0.0.1" },
    });
    const got = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
    const request = { images: images.map((url) => ({ url })) };
    const { body } = await server.post("/v1/embed", request, { authorization: `Bearer ${key}` });
    const vectors = body.items.map(({ vector }: { vector: number[] }) => vector);
    assert.equal(vectors.length, 3);
    const word = new Array(16).fill(0.25);
    assert.deepEqual(got, {
      default: vectors,
      float: vectors,
      image: vectors,
      model: { code: "model_not_found", type: "invalid_request_error", param: null },
      word: { code: "word_unknown", type: "invalid_request_error", param: null },
      dimensions: { code: "request_invalid", type: "invalid_request_error", param: null },
      text: [word],
      texts: [word, word],
      mixed: [word, vectors[0]],
      models: ["builtin"],
      one: "builtin",
      other: "model_not_found",
    });
  });
});
