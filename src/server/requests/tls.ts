/** The certificate of the server, from files that are read again when they change. */
import { unwatchFile, watchFile } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Server } from "node:https";
import { createSecureContext } from "node:tls";
import type { Settings } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";
import type { Log } from "../telemetry/log.js";

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

type TlsSettings = Pick<Settings["server"], "tlsCert" | "tlsKey">;

/** Returns null if the server has no certificate. Throws `config_invalid` for files that do not fit together. */
export async function loadCertificate({ tlsCert, tlsKey }: TlsSettings): Promise<Certificate | null> {
  if (tlsCert === null && tlsKey === null) return null;
  if (tlsCert === null || tlsKey === null) {
    throw new HeadraceError("config_invalid", "server.tls_cert, server.tls_key: expected both or none, found one", {
      hint: "Set server.tls_cert to the certificate with its chain, and server.tls_key to its private key.",
    });
  }
  const [cert, key] = await Promise.all([readPem(tlsCert, "server.tls_cert"), readPem(tlsKey, "server.tls_key")]);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HeadraceError("config_invalid", `server.tls_cert: expected a certificate and its key as PEM, found ${reason}`, {
      item: tlsCert,
      cause,
    });
  }
  return { cert, key };
}

/** Gives the server its renewed certificate. Returns the function that ends this. */
export function renewCertificate(server: Server, settings: TlsSettings, log: Log): () => void {
  const paths = [settings.tlsCert, settings.tlsKey].filter((path) => path !== null);
  const renew = async (): Promise<void> => {
    try {
      const certificate = await loadCertificate(settings);
      if (certificate !== null) server.setSecureContext({ ...certificate });
      log("info", "certificate read again", {});
    } catch (error) {
      // Between the writes of its two files, the old one stays.
      log("warn", "certificate not read again", { message: HeadraceError.from(error).message });
    }
  };
  for (const path of paths) watchFile(path, { interval: 1000, persistent: false }, renew);
  return () => {
    for (const path of paths) unwatchFile(path, renew);
  };
}

async function readPem(path: string, setting: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HeadraceError("config_invalid", `${setting}: expected a readable file, found ${reason}`, { item: path, cause });
  }
}
