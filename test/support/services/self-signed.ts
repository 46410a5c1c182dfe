/** Certificates that nobody trusts, for servers of tests. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Certificate {
  /** PEM, both. */
  readonly key: string;
  readonly cert: string;
}

/** Made by the openssl command, valid for a day. `names` is what it is for, such as `IP:127.0.0.1` or `DNS:milvus.test`. */
export async function selfSigned(names = "IP:127.0.0.1"): Promise<Certificate> {
  const folder = mkdtempSync(join(tmpdir(), "headrace-certificate-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  try {
    await run("openssl", [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "1",
      "-subj",
      "/CN=headrace test",
      "-addext",
      `subjectAltName=${names}`,
      "-keyout",
      key,
      "-out",
      cert,
    ]);
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
