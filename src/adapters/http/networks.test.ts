import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import { contains, listOf, specialUseOf } from "./networks.js";

/** The host of a URL, as the WHATWG parser writes it. This turns other notations of an address into the usual one. */
const hostOf = (host: string): string => new URL(`http://${host}/`).hostname.replace(/^\[|\]$/g, "");

const special = [
  ...["127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1"],
  ...["169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.255", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.19.255.255"],
  ...["198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1"],
  // Other notations: decimal, octal, hexadecimal, with fewer parts, with full-width digits.
  ...["2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "127.1", "10.1", "192.168.257", "0xa9fea9fe", "2852039166", "①②⑦.0.0.1", "0"],
  // IPv6, with IPv4 inside it, and local networks.
  ...[
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:a9fe:a9fe]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::a]",
  ],
  ...[
    "[2002:7f00:1::]",
    "[2001:0:1::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
  ],
];

test(`${special.length} spellings of addresses that are not public are known as such`, () => {
  assert.ok(special.length >= 50);
  for (const host of special) {
    const address = hostOf(host);
    assert.notEqual(isIP(address), 0, `${host} is the address ${address}`);
    assert.notEqual(specialUseOf(address), null, `${host} (${address})`);
  }
});

test("public addresses next to special networks are public", () => {
  const open = ["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255", "172.15.255.255"];
  const more = ["172.32.0.0", "192.167.255.255", "192.169.0.0", "100.63.255.255", "100.128.0.0", "223.255.255.255", "198.17.255.255"];
  const six = ["2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "2001:4860:4860::8888", "2003::1"];
  for (const address of [...open, ...more, ...six]) assert.equal(specialUseOf(address), null, address);
});

test("a list holds single addresses and networks of both families", () => {
  const list = listOf(["10.1.0.0/16", "192.168.0.5", "fd00::/8", "::1"]);
  for (const address of ["10.1.200.3", "192.168.0.5", "fd12::1", "::1", "::ffff:10.1.0.1"]) assert.ok(contains(list, address), address);
  for (const address of ["10.2.0.1", "192.168.0.6", "fe80::1", "::2"]) assert.ok(!contains(list, address), address);
});
