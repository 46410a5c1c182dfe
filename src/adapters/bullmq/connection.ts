/** Connects to Redis or Valkey, and checks that the server can keep a queue. */
import { HeadraceError } from "../../contracts/index.js";
import { queueError, unusable } from "./errors.js";
import { type Redis as Client, loadBullmq } from "./vendor.js";

export interface ConnectionOptions {
  /** `redis://user:password@host:port/database`, or `rediss://` for TLS. */
  readonly url: string;
  /** Calls wait this long for a server that is unavailable. Then they fail. */
  readonly maxOutageMs: number;
  /** Receives a message when the server becomes unavailable, and when it is back. */
  readonly onNotice: (message: string) => void;
}

export interface Connection {
  readonly client: Client;
  /** Host and port, for messages. */
  readonly server: string;
  /** Called before the connection is closed on purpose: it ends the notices. */
  expectClose(): void;
}

const connectTimeoutMs = 5_000;
const minVersion = [6, 2] as const;

/** Throws `queue_unavailable`, `queue_unusable` or `usage_invalid`. */
export async function connect({ url, maxOutageMs, onNotice }: ConnectionOptions): Promise<Connection> {
  const server = serverOf(url);
  const { Redis } = await loadBullmq();
  let downSince: number | null = null;
  let isOpen = false;
  const retryDelay = (): number | null => {
    if (!isOpen) return null;
    downSince ??= Date.now();
    return Date.now() - downSince > maxOutageMs ? null : retryEveryMs;
  };
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    // BullMQ needs this: its calls wait until the server is back.
    maxRetriesPerRequest: null,
    retryStrategy: retryDelay,
  });
  let last: unknown = null;
  client.on("error", (error) => {
    last = error;
  });
  try {
    await client.connect();
    await checkServer(client, server);
  } catch (cause) {
    client.disconnect();
    throw queueError(HeadraceError.is(cause) ? cause : (last ?? cause), server);
  }
  isOpen = true;
  const onClose = () => {
    if (downSince !== null) return;
    downSince = Date.now();
    onNotice(`The queue at ${server} does not answer. Waiting for it.`);
  };
  client.on("close", onClose);
  client.on("ready", () => {
    if (downSince !== null) onNotice(`The queue at ${server} answers again after ${Math.round((Date.now() - downSince) / 1000)} s.`);
    downSince = null;
  });
  return { client, server, expectClose: () => void client.off("close", onClose) };
}

const retryEveryMs = 500;

function serverOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && /^rediss?:$/.test(parsed.protocol) && parsed.hostname !== "") return `${parsed.hostname}:${parsed.port || 6379}`;
  throw new HeadraceError("usage_invalid", "queue: expected an address such as redis://localhost:6379, found another text", {
    hint: "The form is redis://user:password@host:port/database, or rediss:// for TLS.",
  });
}

async function checkServer(client: Client, server: string): Promise<void> {
  const info = await client.info();
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1] ?? "";
  const version = field("redis_version");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < minVersion[0] || (major === minVersion[0] && minor < minVersion[1])) {
    throw unusable(server, `expected Redis ${minVersion.join(".")} or newer, or Valkey, found version ${version}`);
  }
  const policy = field("maxmemory_policy");
  if (Number(field("maxmemory")) > 0 && policy !== "" && policy !== "noeviction") {
    throw unusable(server, `expected maxmemory-policy noeviction, found ${policy}: the server would drop parts of the queue`);
  }
}
