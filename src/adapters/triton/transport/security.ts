/** Credentials for Triton servers: request headers, and certificates for TLS. */
import { readFileSync } from "node:fs";
import { HeadraceError } from "../../../contracts/index.js";
import type { TritonSection } from "../options.js";
import type { Address } from "./address.js";

/** `ca`, `cert` and `key` are the contents of PEM files. null: not configured, so the system's default applies. */
export interface Security {
  readonly headers: Readonly<Record<string, string>>;
  readonly ca: Buffer | null;
  readonly cert: Buffer | null;
  readonly key: Buffer | null;
  readonly serverName: string | null;
}

/**
 * Reads the PEM files. Refuses TLS settings when a server's URL is without TLS, because the connection would be less secure than the
 * configuration suggests.
 */
export function readSecurity(
  { headers, caFile, certFile, keyFile, serverName }: Pick<TritonSection, "headers" | "caFile" | "certFile" | "keyFile" | "serverName">,
  addresses: readonly Address[],
): Security {
  const plain = addresses.find(({ tls }) => !tls);
  for (const [setting, value] of Object.entries({ ca_file: caFile, cert_file: certFile, key_file: keyFile, server_name: serverName })) {
    if (value === null || plain === undefined) continue;
    throw new HeadraceError("config_conflict", `triton.${setting}: expected addresses with TLS, found ${plain.text} without TLS`, {
      hint: `Add https:// or grpcs:// to the address, or leave triton.${setting} out.`,
    });
  }
  if ((certFile === null) !== (keyFile === null)) {
    throw new HeadraceError("config_conflict", "triton.cert_file, triton.key_file: expected both or neither, found one of them");
  }
  const [ca, cert, key] = [read("ca_file", caFile), read("cert_file", certFile), read("key_file", keyFile)];
  return { headers, ca, cert, key, serverName };
}

function read(setting: string, file: string | null): Buffer | null {
  if (file === null) return null;
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new HeadraceError("config_invalid", `triton.${setting}: expected a PEM file, found no readable file ${file}`, { cause });
  }
}
