/** Finds out which protocol a server's port speaks, so that an error message can name the wrong setting. */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Address } from "./transport/address.js";

/** "nothing": no server listens on the port. "silent": a server listens, but speaks no known protocol. */
export type PortProtocol = "nothing" | "http" | "grpc" | "tls" | "silent";

const answerWithinMs = 1_500;
const http2Preface = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]);

/** Opens at most three short connections to the port. Never throws. */
export async function probePort({ host, port }: Address): Promise<PortProtocol> {
  const http = await exchange(
    () => connectTcp({ host, port }),
    "connect",
    Buffer.from(`GET /v2 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
  );
  if (http === null) return "nothing";
  if (http.toString("latin1").startsWith("HTTP/1") && !http.includes("HTTPS")) return "http";
  const grpc = await exchange(() => connectTcp({ host, port }), "connect", http2Preface);
  // An HTTP/2 SETTINGS frame begins with three length bytes, followed by the type 4.
  if (grpc !== null && grpc.length >= 9 && grpc[3] === 4) return "grpc";
  const tls = await exchange(() => connectTls({ host, port, rejectUnauthorized: false }), "secureConnect", null);
  return tls === null ? "silent" : "tls";
}

/** Sends `greeting` and returns the first bytes of the answer. Empty: the server did not answer. Null: no connection was possible. */
function exchange(open: () => Socket, connected: "connect" | "secureConnect", greeting: Buffer | null): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const socket = open();
    let reached = false;
    const finish = (answer: Buffer | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(reached ? Buffer.alloc(0) : null), answerWithinMs);
    socket.once(connected, () => {
      reached = true;
      if (greeting === null) finish(Buffer.alloc(0));
      else socket.write(greeting);
    });
    socket.once("data", (data: Buffer) => finish(data));
    socket.once("end", () => finish(reached ? Buffer.alloc(0) : null));
    socket.on("error", () => finish(reached ? Buffer.alloc(0) : null));
  });
}
