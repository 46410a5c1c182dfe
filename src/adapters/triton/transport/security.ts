/** Credentials for servers: headers, and certificates for TLS. */
import { readFileSync } from "node:fs";
import { HeadraceError } from "../../../contracts/index.js";
import type { Address } from "../address.js";
import type { TritonSection } from "../options.js";

/** Contents of the PEM files. null: the system's default. */
export interface Security {
  readonly headers: Readonly<Record<string, string>>;
  readonly ca: Buffer | null;
  readonly cert: Buffer | null;
  readonly key: Buffer | null;
  readonly serverName: string | null;
}

/** Refuses TLS settings that would have no effect: the connection would be less secure than the file suggests. */
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
