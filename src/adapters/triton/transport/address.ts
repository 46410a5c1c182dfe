/** Parses a server's URL into host, port, TLS and protocol. */
import { networkInterfaces } from "node:os";
import { HeadraceError } from "../../../contracts/index.js";

export interface Address {
  /** The URL as the user configured it. Error messages use this text to name the server. */
  readonly text: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The path of the URL, which is put before the path of every request. Empty, or "/…" without a trailing slash. */
  readonly path: string;
  /** "http" for http and https URLs, "grpc" for grpc and grpcs URLs. Null when the URL has no scheme. */
  readonly scheme: "http" | "grpc" | null;
}

const known: Readonly<Record<string, Pick<Address, "tls" | "scheme">>> = {
  http: { tls: false, scheme: "http" },
  https: { tls: true, scheme: "http" },
  grpc: { tls: false, scheme: "grpc" },
  grpcs: { tls: true, scheme: "grpc" },
};

/**
 * Accepts `host`, `host:port`, and http, https, grpc and grpcs URLs. The default port is 8000 for HTTP, 8001 for gRPC, and 443 with TLS.
 * Throws `config_invalid` for any other text.
 */
export function parseAddress(text: string): Address {
  const match = /^(?:([a-z]+):\/\/)?(\[[0-9a-f:]+\]|[^\s/:@[\]]+)(?::(\d{1,5}))?(\/[^\s?#]*)?$/i.exec(text.trim());
  const protocol = match?.[1] === undefined ? { tls: false, scheme: null } : known[match[1].toLowerCase()];
  const port = Number(match?.[3] ?? (protocol?.tls === true ? 443 : protocol?.scheme === "grpc" ? 8001 : 8000));
  if (match?.[2] === undefined || protocol === undefined || port > 65_535) {
    throw new HeadraceError(
      "config_invalid",
      `triton.url: expected host:port, or an http, https, grpc or grpcs URL without user or query, found ${withoutUser(text)}`,
    );
  }
  return { ...protocol, text, host: match[2].replace(/[[\]]/g, ""), port, path: (match[4] ?? "").replace(/\/+$/, "") };
}

export function originOf({ tls, host, port }: Address): string {
  return `${tls ? "https" : "http"}://${authorityOf({ host, port })}`;
}

export function authorityOf({ host, port }: Pick<Address, "host" | "port">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** True when the server runs on this machine. Only such a server can have access to this process' shared memory. */
export function isThisMachine({ host }: Address): boolean {
  if (/^(localhost|127(\.\d+){3}|::1|0\.0\.0\.0|::)$/i.test(host)) return true;
  return Object.values(networkInterfaces()).some((entries) => entries?.some((entry) => entry.address === host));
}

function withoutUser(text: string): string {
  return text.replace(/\/\/[^/]*@/, "//…@");
}
