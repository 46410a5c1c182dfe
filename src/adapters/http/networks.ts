/** Networks that are not part of the public internet, from IANA's registries of special-purpose addresses. */
import { BlockList, isIP } from "node:net";

/** Each network with its use. A name of the use appears in errors. */
const specialNetworks: readonly (readonly [network: string, use: string])[] = [
  ["0.0.0.0/8", "this network"],
  ["10.0.0.0/8", "a private network"],
  ["100.64.0.0/10", "a carrier's network"],
  ["127.0.0.0/8", "this machine"],
  ["169.254.0.0/16", "the local link, or a cloud metadata service"],
  ["172.16.0.0/12", "a private network"],
  ["192.0.0.0/24", "protocol assignments"],
  ["192.0.2.0/24", "documentation"],
  ["192.31.196.0/24", "a name server network"],
  ["192.52.193.0/24", "multicast relays"],
  ["192.88.99.0/24", "6to4 relays"],
  ["192.168.0.0/16", "a private network"],
  ["192.175.48.0/24", "a name server network"],
  ["198.18.0.0/15", "network tests"],
  ["198.51.100.0/24", "documentation"],
  ["203.0.113.0/24", "documentation"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved addresses"],
  ["168.63.129.16/32", "a cloud metadata service"],
];

/**
 * The only IPv6 addresses that are public are in 2000::/3. Inside it, these networks are special. Some of them carry an IPv4 address, which
 * may be private: 6to4 and Teredo are therefore refused whole.
 */
const special6: readonly (readonly [network: string, use: string])[] = [
  ["2001::/23", "protocol assignments and Teredo"],
  ["2001:db8::/32", "documentation"],
  ["2002::/16", "6to4"],
  ["2620:4f:8000::/48", "a name server network"],
  ["3fff::/20", "documentation"],
];

/** Makes a list of addresses and networks in CIDR notation. */
export function listOf(networks: Iterable<string>): BlockList {
  const list = new BlockList();
  for (const text of networks) {
    const [address = "", prefix] = text.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    list.addSubnet(address, prefix === undefined ? (family === "ipv6" ? 128 : 32) : Number(prefix), family);
  }
  return list;
}

/** Returns true if the list contains the address. An IPv4 address that is written as IPv6 counts as the IPv4 address. */
export function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

const lists = [...specialNetworks, ...special6].map(([network, use]) => ({ list: listOf([network]), use }));
const public6 = listOf(["2000::/3"]);
const mapped4 = listOf(["::ffff:0:0/96"]);

/** Returns what an address is used for, or null if the address is public. */
export function specialUseOf(address: string): string | null {
  const found = lists.find(({ list }) => contains(list, address));
  if (found !== undefined) return found.use;
  const isPublic = isIP(address) === 4 || contains(mapped4, address) || contains(public6, address);
  return isPublic ? null : address === "::1" ? "this machine" : "a private or reserved network";
}
