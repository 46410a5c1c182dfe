/** Installs, starts and stops moto's server, which answers as S3 does. */
import { join } from "node:path";
import { freePorts, servicesFolder, startProcess, waitUntil } from "./process.js";
import { installVenv, type Venv } from "./venv.js";

export interface MotoServer {
  /** URL of the server, without a slash at its end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** 20 s the first time. */
export function installMoto(): Promise<Venv> {
  return installVenv({ name: "moto", installs: [["moto[server]==5.2.0"]] });
}

/** Starts a server without buckets, and waits until it answers. */
export async function startMoto(): Promise<MotoServer> {
  const venv = await installMoto();
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const server = startProcess({
    command: venv.python,
    args: ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
    logFile: join(servicesFolder(), "moto.log"),
  });
  await waitUntil("moto answers", async () => (await fetch(`${url}/moto-api/`)).ok, { timeoutMs: 60_000, alive: () => server.isAlive() });
  return { url, stop: () => server.stop() };
}
