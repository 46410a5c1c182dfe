/**
 * A socket file beside a lock. The kernel refuses connections as soon as the process that listens has ended, whichever container it was in.
 * So the lock of a killed container is free at once. Only on Linux, and only for processes under one kernel.
 */
import { closeSync, constants, openSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";

/** What the holder of a lock writes down about its socket. */
export interface LifeSign {
  /** Name of the socket file, in the folder of the lock. */
  readonly socket: string;
  /** Device number of the folder. Another mount of the same folder may lead to another socket, although it shows the same name. */
  readonly device: number;
}

/** A life sign that this process shows. */
export interface ShownLife {
  readonly sign: LifeSign;
  /** Ends the sign, and removes its file. */
  end(): Promise<void>;
}

/** Listens on a new socket in the folder. Returns null where that is not possible. */
export async function showLife(folder: string, socket: string): Promise<ShownLife | null> {
  if (process.platform !== "linux") return null;
  const fd = openSync(folder, constants.O_RDONLY);
  const server = createServer((caller) => caller.destroy()).unref();
  try {
    const sign = { socket, device: statSync(folder).dev };
    await listening(server, pathBelow(fd, socket));
    let ending: Promise<void> | null = null;
    const end = (): Promise<void> => {
      ending ??= ended(server, fd);
      return ending;
    };
    return { sign, end };
  } catch {
    // Some file systems have no sockets. Then the heartbeat of the lock decides.
    closeSync(fd);
    return null;
  }
}

/** Asks whether the process still listens. "unknown": it cannot be asked from here, or does not show. */
export async function lifeOf(folder: string, { socket, device }: LifeSign): Promise<"alive" | "dead" | "unknown"> {
  if (process.platform !== "linux" || statSync(folder).dev !== device) return "unknown";
  const fd = openSync(folder, constants.O_RDONLY);
  try {
    const code = await connecting(pathBelow(fd, socket));
    return code === null ? "alive" : code === "ECONNREFUSED" ? "dead" : "unknown";
  } finally {
    closeSync(fd);
  }
}

/** Removes the file that a dead process has left. */
export async function removeLife(folder: string, { socket }: LifeSign): Promise<void> {
  await rm(join(folder, socket), { force: true });
}

/** The path of a socket may have 107 bytes only. So the folder is named by an open file. */
function pathBelow(fd: number, socket: string): string {
  return `/proc/self/fd/${fd}/${socket}`;
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // In a worker of node:cluster, the primary process would listen.
    server.listen({ path, exclusive: true }, resolve);
  });
}

/** Returns null if the connection was made, otherwise the code of the error. */
function connecting(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(null);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
  });
}

function ended(server: Server, fd: number): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      closeSync(fd);
      resolve();
    });
  });
}
