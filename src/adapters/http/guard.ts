/**
 * Refuses connections to addresses that the settings do not allow. An address is checked after the host name was resolved, and the connection
 * goes to exactly the checked addresses. A host name that resolves to another address later is therefore checked again.
 */
import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { networkInterfaces } from "node:os";
import { HeadraceError } from "../../contracts/index.js";
import { contains, listOf, specialUseOf } from "./networks.js";
import type { HttpSettings } from "./options.js";

export interface Guard {
  /** Throws `address_refused` if the host is an IP address that is not allowed. A host name is checked by `lookup`. */
  checkHost(host: string): void;
  /** Resolves a host name for `net.connect`. Fails with `address_refused` if an address is not allowed. */
  readonly lookup: LookupFunction;
}

interface GuardOptions {
  /** Resolves host names. Default: the resolver of the operating system. */
  readonly lookup?: LookupFunction;
  /** The addresses of this machine now. Its other servers may be protected by a firewall alone. Default: those of its network interfaces. */
  readonly ownAddresses?: () => Iterable<string>;
}

export function makeGuard(
  { network, allow }: Pick<HttpSettings, "network" | "allow">,
  { lookup = systemLookup, ownAddresses = addressesOfThisMachine }: GuardOptions = {},
): Guard {
  if (network === "any") return { checkHost: () => {}, lookup };
  const networks = listOf(allow.filter(isNetwork));
  const hosts = new Set(allow.filter((entry) => !isNetwork(entry)).map(hostName));
  const check = (host: string, address: string): void => {
    if (contains(networks, address)) return;
    const use = specialUseOf(address) ?? (contains(listOf(ownAddresses()), address) ? "this machine" : null);
    if (use !== null) throw refused(host, address, use);
  };
  return {
    checkHost: (host) => {
      const address = host.replace(/^\[|\]$/g, "");
      if (isIP(address) !== 0) check(host, address);
    },
    lookup: (host, options, callback) => {
      if (hosts.has(hostName(host))) {
        lookup(host, options, callback);
        return;
      }
      lookup(host, { ...options, all: true }, (error, found) => {
        const addresses = typeof found === "string" ? [{ address: found, family: isIP(found) }] : found;
        const problem = error ?? firstProblem(addresses, (address) => check(host, address));
        const [first] = addresses ?? [];
        if (problem !== null) callback(problem, []);
        else if (options.all === true) callback(null, addresses);
        else callback(null, first?.address ?? "", first?.family);
      });
    },
  };
}

/** Every address is checked, because `net.connect` may use any of them. */
function firstProblem(addresses: readonly { readonly address: string }[], check: (address: string) => void): Error | null {
  try {
    for (const { address } of addresses) check(address);
    return null;
  } catch (error) {
    return HeadraceError.from(error);
  }
}

function refused(host: string, address: string, use: string): HeadraceError {
  const where = host === address || host === `[${address}]` ? host : `${host} (${address})`;
  return new HeadraceError("address_refused", `${where}: expected a public address, found an address of ${use}`);
}

function addressesOfThisMachine(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
}

function isNetwork(entry: string): boolean {
  return isIP(entry.split("/")[0] ?? "") !== 0;
}

function hostName(host: string): string {
  return host.toLowerCase().replace(/\.$/, "");
}
