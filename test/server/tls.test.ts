/** The server with a certificate of its own: requests over TLS, renewal, and files that do not fit. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { after, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { HeadraceError } from "../../src/contracts/index.js";
import { waitUntil } from "../support/services/process.js";
import { TestServer } from "./running.js";

const folder = mkdtempSync(join(tmpdir(), "headrace-tls-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Files {
  readonly cert: string;
  readonly key: string;
}

function certificateOf(name: string): Files {
  const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", ...kind, "-keyout", files.key, "-out", files.cert, ...subject], { stdio: "ignore" });
  return files;
}

const first = certificateOf("first");
const second = certificateOf("second");

interface Told {
  readonly status: number | undefined;
  readonly body: unknown;
  /** The name in the certificate. */
  readonly name: unknown;
}

/** Trusts only the given certificate. */
function get(url: string, { cert }: Files, headers: Readonly<Record<string, string>> = {}): Promise<Told> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca: readFileSync(cert), headers, agent: false }, (response) => {
      const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
      json(response).then((body) => resolve({ status: response.statusCode, body, name }), reject);
    });
    asked.on("error", reject).end();
  });
}

test("with a certificate, the server answers over TLS, also pages of its own, and a renewed certificate needs no restart", async () => {
  const used = { cert: join(folder, "used.crt"), key: join(folder, "used.key") };
  const place = (files: Files): void => {
    copyFileSync(files.cert, used.cert);
    copyFileSync(files.key, used.key);
  };
  place(first);
  await using server = await TestServer.start({ server: { tlsCert: used.cert, tlsKey: used.key } });
  assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const { status, body, name } = await get(`${server.url}/v1/collections`, first, { origin: server.url });
  assert.deepEqual({ status, body, name }, { status: 200, body: { collections: [] }, name: "first" });
  assert.equal((await get(`${server.url}/v1/collections`, first, { origin: "https://example.com" })).status, 403);
  place(second);
  await waitUntil(
    "the second certificate is used",
    () =>
      get(`${server.url}/health/live`, second).then(
        ({ name }) => name === "second",
        () => false,
      ),
    {
      timeoutMs: 30_000,
    },
  );
});

test("a certificate without its key, with the key of another, or without its file is refused at the start", async () => {
  const text = join(folder, "text.crt");
  writeFileSync(text, "no certificate");
  for (const [tlsCert, tlsKey, expected] of [
    [first.cert, null, /expected both or none/],
    [null, first.key, /expected both or none/],
    [first.cert, second.key, /expected a certificate and its key as PEM/],
    [text, first.key, /expected a certificate and its key as PEM/],
    [join(folder, "none.crt"), first.key, /ENOENT/],
  ] as const) {
    await assert.rejects(
      TestServer.start({ server: { tlsCert, tlsKey } }),
      (error) => HeadraceError.is(error) && error.code === "config_invalid" && expected.test(error.message),
    );
  }
});
