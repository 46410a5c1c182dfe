/** The reader of URLs against servers that misbehave: every URL ends with its own code in bounded time, and harms no other. */
import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type HttpSettings, httpReader } from "../../src/adapters/http/index.js";
import { HeadraceError, type Reader } from "../../src/contracts/index.js";
import { urlRef } from "../../src/kit/index.js";
import { type Handler, imageServer } from "./image-server.js";

const never = new AbortController().signal;
const picture = Buffer.from("the bytes of a picture");
const maxBytes = 1_000_000;

/** Short, so that the tests are quick; the shares between them are those of the defaults. */
const quick: Partial<HttpSettings> = { connectTimeout: 2, firstByteTimeout: 0.4, timeout: 1.5, retryDelay: 0.01, maxRetries: 2 };

function read(reader: Reader, url: string, signal = never): Promise<Uint8Array> {
  return reader.read(urlRef(url), { maxBytes }, signal).then(({ bytes }) => bytes);
}

async function failure(promise: Promise<unknown>): Promise<HeadraceError> {
  const [result] = await Promise.allSettled([promise]);
  assert.equal(result?.status, "rejected", "expected an error, found a picture");
  assert.ok(HeadraceError.is(result.reason), String(result.reason));
  return result.reason;
}

async function withReader<T>(options: Partial<HttpSettings>, run: (reader: Reader) => Promise<T>): Promise<T> {
  const reader = httpReader({ ...quick, ...options });
  try {
    return await run(reader);
  } finally {
    await reader.close?.();
  }
}

const fine: Handler = (_, response) => response.writeHead(200, { "content-type": "image/jpeg", etag: '"v1"' }).end(picture);
const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    response.writeHead(code, headers).end("no picture");
const redirect = (location: string, code = 302) => status(code, { location });

/** Answers with `failures` first, then with the picture. */
function after(failures: readonly Handler[]): Handler {
  let call = 0;
  return (request, response) => (failures[call++] ?? fine)(request, response);
}

const drip: Handler = (_, response) => {
  response.writeHead(200, { "content-length": "100000" });
  const timer = setInterval(() => response.write("."), 50);
  response.on("close", () => clearInterval(timer));
};
const endless: Handler = (_, response) => {
  response.writeHead(200);
  const more = () => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536)));
  };
  response.on("drain", more);
  more();
};
const half: Handler = (_, response) => {
  response.writeHead(200, { "content-length": "1000" });
  response.write("half of it", () => response.socket?.resetAndDestroy());
};
const silent: Handler = () => {};

const hostile: readonly (readonly [what: string, path: string, handler: Handler, code: string, message: RegExp])[] = [
  ["a body that arrives byte by byte", "/drip", drip, "timed_out", /http\.timeout/],
  ["a body without end", "/endless", endless, "source_too_large", /at most 1000000 bytes/],
  [
    "a length that is larger than allowed",
    "/huge",
    status(200, { "content-length": "5000000000" }),
    "source_too_large",
    /found 5000000000/,
  ],
  ["a connection that is reset half-way", "/half", half, "source_unreadable", /3 attempts/],
  ["a server that says nothing", "/silent", silent, "timed_out", /http\.first_byte_timeout.*3 attempts/],
  ["status 500 for ever", "/500", status(500), "source_unreadable", /found 500 \(3 attempts\)/],
  ["status 404", "/404", status(404), "source_not_found", /found 404$/],
  ["status 410", "/410", status(410), "source_not_found", /found 410$/],
  ["status 403", "/403", status(403), "source_forbidden", /found 403$/],
  ["status 204", "/204", (_, response) => response.writeHead(204).end(), "source_unreadable", /found 204/],
  ["a redirect to itself", "/loop", redirect("/loop"), "source_unreadable", /at most 5 redirects/],
  ["a redirect to a file", "/file", redirect("file:///etc/passwd"), "source_unreadable", /redirect to file:/],
  ["a redirect without a target", "/nowhere", status(302), "source_unreadable", /without a valid location/],
  [
    "a bomb: 1 MB of gzip that becomes 1 GB",
    "/bomb",
    (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(50_000_000))),
    "source_too_large",
    /at most 1000000 bytes/,
  ],
  ["a compression that nobody knows", "/zstd", status(200, { "content-encoding": "rot13" }), "source_unreadable", /rot13/],
  ["compressed bytes that are damaged", "/damaged", status(200, { "content-encoding": "gzip" }), "source_unreadable", /the request failed/],
  ["a pause of an hour that is asked for", "/later", status(503, { "retry-after": "3600" }), "source_unreadable", /again in 3600 s$/],
];

describe("a hostile web server", async () => {
  const handlers = Object.fromEntries(hostile.map(([, path, handler]) => [path, handler]));

  for (const [what, path, , code, message] of hostile) {
    test(`${what} is ${code}`, async () => {
      await using server = await imageServer(handlers);
      await withReader({}, async (reader) => {
        const started = performance.now();
        const error = await failure(read(reader, server.url + path));
        assert.equal(error.code, code, error.message);
        assert.equal(error.scope, "item");
        assert.equal(error.retryable, false, "the reader has tried again itself");
        assert.match(error.message, message);
        assert.ok(performance.now() - started < 8_000);
      });
    });
  }

  test("does not harm other images: all at once, each ends with its own code, and the good ones are read", async () => {
    await using server = await imageServer({ ...handlers, "/fine": fine });
    await withReader({ connections: 64 }, async (reader) => {
      const paths = hostile.flatMap(([, path]) => [path, "/fine"]);
      const results = await Promise.allSettled(paths.map((path) => read(reader, server.url + path)));
      results.forEach((result, index) => {
        const expected = index % 2 === 1 ? "fine" : hostile[index / 2]?.[3];
        assert.equal(result.status === "fulfilled" ? "fine" : (result.reason as HeadraceError).code, expected, paths[index]);
      });
    });
  });

  test("whose port is closed, and a host that does not exist, are told apart", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const noHost = (_: string, __: unknown, callback: (error: NodeJS.ErrnoException | null, address: string) => void) =>
      callback(Object.assign(new Error("getaddrinfo ENOTFOUND gone.example"), { code: "ENOTFOUND" }), "");
    await withReader({ maxRetries: 1 }, async (reader) => {
      const error = await failure(read(reader, `http://127.0.0.1:${port}/a.jpg`));
      assert.equal(error.code, "source_unreadable");
      assert.match(error.message, /ECONNREFUSED.*2 attempts/);
    });
    const reader = httpReader(quick, { lookup: noHost as never });
    const error = await failure(read(reader, "http://gone.example/a.jpg"));
    assert.equal(error.code, "source_not_found");
    await reader.close?.();
  });
});

describe("a web server that recovers", () => {
  test("is asked again after a reset, a 500 and a 503", async () => {
    await using server = await imageServer({ "/a": after([half, status(503)]), "/b": after([status(500), status(429)]) });
    await withReader({}, async (reader) => {
      assert.deepEqual(Buffer.from(await read(reader, `${server.url}/a`)), picture);
      assert.deepEqual(Buffer.from(await read(reader, `${server.url}/b`)), picture);
    });
  });

  test("gets no request at all, for any of its images, during the pause that it asked for", async () => {
    const arrivals: number[] = [];
    const note =
      (handler: Handler): Handler =>
      (request, response) => {
        arrivals.push(performance.now());
        handler(request, response);
      };
    await using server = await imageServer({ "/a": note(after([status(429, { "retry-after": "1" })])), "/b": note(fine) });
    await withReader({ timeout: 5 }, async (reader) => {
      const first = read(reader, `${server.url}/a`);
      while (arrivals.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 100));
      await Promise.all([first, read(reader, `${server.url}/b`), read(reader, `${server.url}/b`)]);
    });
    const [asked = 0, ...later] = arrivals;
    assert.equal(later.length, 3);
    for (const arrival of later) assert.ok(arrival - asked >= 990, `a request after ${arrival - asked} ms`);
  });

  test("does not fail its images by `http.timeout` while it wants a pause", async () => {
    await using server = await imageServer({ "/a": after([status(429, { "retry-after": "1" })]), "/b": fine });
    await withReader({ timeout: 0.7 }, async (reader) => {
      const [first] = await Promise.all([read(reader, `${server.url}/a`), read(reader, `${server.url}/b`)]);
      assert.deepEqual(Buffer.from(first), picture);
    });
  });

  test("answers a check if it refuses only this image, and not if it cannot serve anybody", async () => {
    const handlers = {
      "/fine": fine,
      "/gone": status(404),
      "/busy": status(503),
      "/slow": status(429, { "retry-after": "3600" }),
      "/silent": silent,
    };
    await using server = await imageServer(handlers);
    await withReader({}, async (reader) => {
      const check = (url: string) => reader.checkOrigin?.(urlRef(url), never) ?? assert.fail("expected a check");
      for (const path of ["/fine", "/gone"]) await check(`${server.url}${path}`);
      for (const path of ["/busy", "/silent"]) assert.ok((await failure(check(`${server.url}${path}`))).retryable, path);
      await failure(check("http://127.0.0.1:9/x.jpg"));
      await failure(check("http://no-such-host.invalid/x.jpg"));
    });
  });

  test("that refuses 30 % of all requests serves every image in the end", async () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    const moody: Handler = (request, response) => (random() < 0.3 ? status(random() < 0.5 ? 429 : 503) : fine)(request, response);
    await using server = await imageServer({ "/p": moody });
    await withReader({ maxRetries: 12 }, async (reader) => {
      const all = await Promise.all(Array.from({ length: 300 }, (_, index) => read(reader, `${server.url}/p?${index}`)));
      assert.ok(all.every((bytes) => Buffer.compare(bytes, picture) === 0));
    });
    assert.ok(server.requests.length > 300);
  });
});

describe("a picture from a web server", () => {
  test("comes through redirects, compressed or not, with the ETag as its version", async () => {
    const zipped: Handler = (_, response) => response.writeHead(200, { "content-encoding": "gzip", etag: '"z"' }).end(gzipSync(picture));
    const dated: Handler = (_, response) => response.writeHead(200, { "last-modified": "Tue, 01 Jan 2030 00:00:00 GMT" }).end(picture);
    await using server = await imageServer({
      "/a": redirect("/b", 301),
      "/b": redirect("zipped", 307),
      "/zipped": zipped,
      "/dated": dated,
      "/plain": status(200),
    });
    await withReader({}, async (reader) => {
      const { bytes, version } = await reader.read(urlRef(`${server.url}/a`), { maxBytes }, never);
      assert.deepEqual(Buffer.from(bytes), picture);
      assert.equal(version, '"z"');
      assert.equal((await reader.read(urlRef(`${server.url}/dated`), { maxBytes }, never)).version, "Tue, 01 Jan 2030 00:00:00 GMT");
      assert.equal((await reader.read(urlRef(`${server.url}/plain`), { maxBytes }, never)).version, null);
    });
  });

  test("is not sent again if it still has the stored version, an ETag or a date", async () => {
    const conditional: Handler = (request, response) => {
      const { "if-none-match": tag, "if-modified-since": since } = request.headers;
      if (tag === '"v1"' || since === "Tue, 01 Jan 2030 00:00:00 GMT") response.writeHead(304).end();
      else fine(request, response);
    };
    await using server = await imageServer({ "/a": conditional, "/moved": redirect("/a") });
    await withReader({}, async (reader) => {
      const again = (path: string, storedVersion: string) =>
        reader.readIfChanged?.(urlRef(server.url + path), { maxBytes, storedVersion }, never);
      for (const path of ["/a", "/moved"]) {
        assert.equal(await again(path, '"v1"'), null);
        assert.equal(await again(path, "Tue, 01 Jan 2030 00:00:00 GMT"), null);
        for (const other of ['"v0"', "12345-67", '"v1"\r\nx: y']) assert.equal((await again(path, other))?.version, '"v1"', other);
      }
    });
  });

  test("is asked for with the configured headers at the configured hosts alone, and with the user of its own URL", async () => {
    const seen: Record<string, string | undefined> = {};
    const note =
      (name: string, handler: Handler): Handler =>
      (request, response) => {
        seen[name] = request.headers.authorization;
        handler(request, response);
      };
    await using other = await imageServer({ "/end": note("other", fine) });
    await using server = await imageServer({ "/start": note("named", redirect(`${other.url}/end`)), "/own": note("own", fine) });
    const { host } = new URL(server.url);
    await withReader({ headers: { Authorization: "Bearer abc" }, headersFor: [host] }, async (reader) => {
      await read(reader, `${server.url}/start`);
      await read(reader, `${other.url.replace("//", "//me:p%20w@")}/end`);
    });
    assert.equal(seen["named"], "Bearer abc");
    assert.equal(seen["other"], `Basic ${btoa("me:p w")}`);
  });

  test("gets the configured headers of a host without a port over https alone", async () => {
    const seen: (string | undefined)[] = [];
    const handler: Handler = (request, response) => {
      seen.push(request.headers.authorization);
      fine(request, response);
    };
    await using server = await imageServer({ "/a": handler });
    const { hostname, port } = new URL(server.url);
    for (const entry of [hostname, `${hostname}:80`, `${hostname}:${port}`]) {
      await withReader({ headers: { Authorization: "Bearer abc" }, headersFor: [entry] }, (reader) => read(reader, `${server.url}/a`));
    }
    assert.deepEqual(seen, [undefined, undefined, "Bearer abc"]);
  });

  test("whose URL has a password or a signature: errors do not show it", async () => {
    await using server = await imageServer({});
    await withReader({}, async (reader) => {
      const error = await failure(read(reader, `${server.url.replace("//", "//me:secret@")}/gone?X-Amz-Signature=hidden&X-Amz-Date=1`));
      assert.equal(error.code, "source_not_found");
      assert.doesNotMatch(JSON.stringify(error), /secret|hidden/);
    });
  });

  test("is not waited for any more when the caller stops", async () => {
    await using server = await imageServer({ "/silent": silent, "/later": status(503, { "retry-after": "30" }) });
    await withReader({ firstByteTimeout: 30, timeout: 60 }, async (reader) => {
      for (const path of ["/silent", "/later"]) {
        const stop = new AbortController();
        const reading = failure(read(reader, server.url + path, stop.signal));
        setTimeout(() => stop.abort(), 100);
        assert.equal((await reading).code, "aborted", path);
      }
    });
  });
});

describe("a caller with little memory", () => {
  /** Reads a picture, and notes what the reader asks for. */
  async function asked(reader: Reader, url: string, admit: () => Promise<void>): Promise<{ read: Buffer; asked: readonly number[] }> {
    const sizes: number[] = [];
    const noted = async (bytes: number): Promise<void> => {
      sizes.push(bytes);
      await admit();
    };
    const { bytes } = await reader.read(urlRef(url), { maxBytes, admit: noted }, never);
    return { read: Buffer.from(bytes), asked: sizes };
  }

  test("is asked for the size of the answer, and for the most if the size is unknown or that of compressed bytes", async () => {
    const sized: Handler = (_, response) => response.writeHead(200, { "content-length": picture.length }).end(picture);
    const unsized: Handler = (_, response) => {
      response.writeHead(200);
      response.write(picture.subarray(0, 5));
      response.end(picture.subarray(5));
    };
    const zipped: Handler = (_, response) => {
      const bytes = gzipSync(picture);
      response.writeHead(200, { "content-encoding": "gzip", "content-length": bytes.length }).end(bytes);
    };
    await using server = await imageServer({ "/sized": sized, "/unsized": unsized, "/zipped": zipped, "/later": after([status(503)]) });
    await withReader({}, async (reader) => {
      const ask = (path: string) => asked(reader, server.url + path, async () => undefined);
      assert.deepEqual(await ask("/sized"), { read: picture, asked: [picture.length] });
      assert.deepEqual(await ask("/unsized"), { read: picture, asked: [maxBytes] });
      assert.deepEqual(await ask("/zipped"), { read: picture, asked: [maxBytes] });
      assert.deepEqual((await ask("/later")).read, picture);
    });
  });

  test("may let the picture wait for longer than http.timeout", async () => {
    const large = Buffer.alloc(900_000, "large");
    const sized: Handler = (_, response) => response.writeHead(200, { "content-length": large.length }).end(large);
    await using server = await imageServer({ "/large": sized });
    await withReader({ timeout: 0.3, firstByteTimeout: 0.3 }, async (reader) => {
      const { read } = await asked(reader, `${server.url}/large`, () => delay(800));
      assert.ok(read.equals(large));
    });
  });

  test("may lose the connection meanwhile: the picture is asked for again", async () => {
    const large = Buffer.alloc(900_000, "large");
    let cut: () => void = () => assert.fail("no connection to cut");
    const torn: Handler = (_, response) => {
      response.writeHead(200, { "content-length": large.length });
      response.write("large");
      cut = () => response.socket?.resetAndDestroy();
    };
    const whole: Handler = (_, response) => response.writeHead(200, { "content-length": large.length }).end(large);
    let call = 0;
    await using server = await imageServer({
      "/torn": (request, response) => (call++ === 0 ? torn(request, response) : whole(request, response)),
    });
    await withReader({}, async (reader) => {
      let waits = 0;
      const admit = async (): Promise<void> => {
        if (waits++ > 0) return;
        cut();
        await delay(200);
      };
      const { read, asked: sizes } = await asked(reader, `${server.url}/torn`, admit);
      assert.ok(read.equals(large));
      assert.deepEqual(sizes, [large.length, large.length]);
    });
  });

  test("may stop instead: the connection is closed, and its error is that of the picture", async () => {
    await using server = await imageServer({ "/endless": endless });
    await withReader({}, async (reader) => {
      const stopped = new HeadraceError("aborted", "the caller stopped");
      const error = await failure(asked(reader, `${server.url}/endless`, () => Promise.reject(stopped)));
      assert.equal(error.code, "aborted");
    });
    assert.deepEqual(server.requests, ["/endless"]);
  });
});
