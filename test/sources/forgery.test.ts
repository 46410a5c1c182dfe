/**
 * Request forgery: a URL must not make Headrace call addresses that its author could not reach. Nothing leaves this machine: the dialler of
 * these tests notes the address that would be dialled, and connects to a server of the test instead.
 */
import assert from "node:assert/strict";
import { connect, isIP, type LookupFunction } from "node:net";
import { test } from "node:test";
import { type HttpParts, type HttpSettings, httpReader } from "../../src/adapters/http/index.js";
import { HeadraceError } from "../../src/contracts/index.js";
import { urlRef } from "../../src/kit/index.js";
import { type Handler, imageServer } from "./image-server.js";

const never = new AbortController().signal;
const publicAddress = "93.184.215.14";
const fine: Handler = (_, response) => response.writeHead(200, { connection: "close" }).end("picture");
const redirect =
  (location: string): Handler =>
  (_, response) =>
    // A header has no other characters; a URL parser decodes them again.
    response.writeHead(302, { location: location.replace(/[^ -~]/g, encodeURIComponent), connection: "close" }).end();

/** Names and what they resolve to, at the first look-up and at later ones. */
type Names = Readonly<Record<string, readonly (readonly string[])[]>>;

interface Network {
  readonly parts: Required<HttpParts>;
  /** Addresses that would have been dialled, in order. */
  readonly dialled: string[];
}

function network(names: Names, port: number): Network {
  const dialled: string[] = [];
  const calls = new Map<string, number>();
  const lookup = ((host, _options, callback) => {
    const call = calls.get(host) ?? 0;
    calls.set(host, call + 1);
    const answers = names[host] ?? [];
    const addresses = answers[Math.min(call, answers.length - 1)];
    if (addresses === undefined) callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" }), []);
    else
      callback(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      );
  }) as LookupFunction;
  const dial: Required<HttpParts>["dial"] = (options) => {
    const guarded = (options as { lookup: LookupFunction }).lookup;
    return ({ hostname }, callback) => {
      const goOn = (address: string) => {
        dialled.push(address);
        const socket = connect(port, "127.0.0.1", () => callback(null, socket));
      };
      if (isIP(hostname.replace(/^\[|\]$/g, "")) !== 0) goOn(hostname);
      else
        guarded(hostname, { all: true }, (error, found) => {
          if (error) callback(error, null);
          else goOn((found as { address: string }[])[0]?.address ?? "");
        });
    };
  };
  return { parts: { lookup, dial }, dialled };
}

async function outcome(url: string, { parts }: Network, settings: Partial<HttpSettings> = {}): Promise<string> {
  const reader = httpReader({ network: "public", maxRetries: 1, retryDelay: 0, timeout: 5, ...settings }, parts);
  try {
    const { bytes } = await reader.read(urlRef(url), { maxBytes: 1_000 }, never);
    return Buffer.from(bytes).toString();
  } catch (error) {
    assert.ok(HeadraceError.is(error), String(error));
    return error.code;
  } finally {
    await reader.close?.();
  }
}

const targets = [
  ...["127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "0", "127.0.0.1.", "①②⑦.0.0.1"],
  ...["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "2852039166", "0xa9fea9fe", "198.18.0.1", "192.0.0.192"],
  ...[
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[fd00:ec2::254]",
    "[fe80::1]",
  ],
  ...["[fc00::1]", "[ff02::1]", "255.255.255.255", "224.0.0.1", "0.0.0.0"],
  ...["127.255.255.254", "0x7f.1", "017700000001", "127.0.1", "0x0a000001", "10.255.255.255", "172.31.255.255", "192.168.0xffff"],
  ...["169.254.170.2", "0251.0376.0251.0376", "0xa9.0xfe.0xa9.0xfe", "100.127.255.255", "240.0.0.1", "239.255.255.255", "0.1.2.3"],
  ...["[0:0:0:0:0:0:0:1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[fe80::a9fe:a9fe]", "[fdff::1]", "[ff05::2]"],
];
const names: Names = {
  "inside.example": [["10.0.0.7"]],
  "metadata.example": [["169.254.169.254"]],
  "six.example": [["::1"]],
  "both.example": [[publicAddress, "127.0.0.1"]],
  "open.example": [[publicAddress]],
  "rebinding.example": [[publicAddress], ["127.0.0.1"]],
  localhost: [["127.0.0.1", "::1"]],
};

test(`${targets.length} spellings of addresses that are not public are refused, and nothing is dialled`, async () => {
  await using server = await imageServer({ "/": fine });
  for (const host of targets) {
    const net = network(names, server.port);
    assert.equal(await outcome(`http://${host}/`, net), "address_refused", host);
    assert.deepEqual(net.dialled, [], host);
  }
});

test("each of them is refused as the target of a redirect too", async () => {
  for (const host of targets) {
    await using server = await imageServer({ "/start": redirect(`http://${host}/`), "/": fine });
    const net = network(names, server.port);
    assert.equal(await outcome("http://open.example/start", net), "address_refused", host);
    assert.deepEqual(net.dialled, [publicAddress], host);
  }
});

test("a name is refused if any of its addresses is not public", async () => {
  await using server = await imageServer({ "/": fine });
  for (const host of ["inside.example", "metadata.example", "six.example", "both.example", "localhost", "LOCALHOST.", "inside.example."]) {
    const net = network({ ...names, "localhost.": names["localhost"] ?? [], "inside.example.": [["10.0.0.7"]] }, server.port);
    assert.equal(await outcome(`http://${host}/`, net), "address_refused", host);
    assert.deepEqual(net.dialled, [], host);
  }
});

test("a name that becomes private after its first look-up is refused at the next connection", async () => {
  await using server = await imageServer({ "/start": redirect("http://rebinding.example/end"), "/end": fine });
  const net = network(names, server.port);
  assert.equal(await outcome("http://rebinding.example/start", net), "address_refused");
  assert.deepEqual(net.dialled, [publicAddress]);
});

test("public addresses are dialled, and exactly those that were checked", async () => {
  await using server = await imageServer({ "/": fine });
  const net = network(names, server.port);
  assert.equal(await outcome("http://open.example/", net), "picture");
  assert.equal(await outcome("http://rebinding.example/", net), "picture");
  assert.deepEqual(net.dialled, [publicAddress, publicAddress]);
});

test("hosts and networks of `allow` are dialled, others still not", async () => {
  await using server = await imageServer({ "/": fine });
  const net = network(names, server.port);
  const allow = ["inside.example", "192.168.1.0/24", "::1"];
  for (const host of ["inside.example", "192.168.1.1", "[::1]", "six.example"])
    assert.equal(await outcome(`http://${host}/`, net, { allow }), "picture", host);
  for (const host of ["10.0.0.7", "192.168.2.1", "metadata.example"])
    assert.equal(await outcome(`http://${host}/`, net, { allow }), "address_refused", host);
});

test("with `network: any`, the default, a server of one's own network is read", async () => {
  await using server = await imageServer({ "/": fine });
  const net = network(names, server.port);
  for (const host of ["127.0.0.1", "inside.example"])
    assert.equal(await outcome(`http://${host}/`, net, { network: "any" }), "picture", host);
});

test("undici's own dialler asks the guard as well: nothing but the look-up is replaced", async () => {
  await using server = await imageServer({ "/": fine });
  const lookup = ((_host, options, callback) => {
    if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
    else callback(null, "127.0.0.1", 4);
  }) as LookupFunction;
  const read = async (settings: Partial<HttpSettings>) => {
    const reader = httpReader({ maxRetries: 0, ...settings }, { lookup });
    const url = `http://any.example:${server.port}/`;
    return reader
      .read(urlRef(url), { maxBytes: 100 }, never)
      .then(
        ({ bytes }) => Buffer.from(bytes).toString(),
        ({ code }) => code,
      )
      .finally(() => reader.close?.());
  };
  assert.equal(await read({ network: "public" }), "address_refused");
  assert.equal(await read({ network: "public", allow: ["any.example"] }), "picture");
  assert.deepEqual(server.requests, ["/"]);
});
