/** The connections that Milvus stores open: tests set the server up through them, look at it, listen in, and answer in its place. */
import { MilvusConnection } from "../../src/adapters/milvus/connection/client.js";
import type { MilvusStore } from "../../src/adapters/milvus/index.js";

const connections = new WeakMap<MilvusStore["milvus"], MilvusConnection>();
const open = MilvusConnection.open;
MilvusConnection.open = async (options, signal) => {
  const connection = await open(options, signal);
  connections.set(options, connection);
  return connection;
};

/** Of an open store. */
export function connectionOf({ milvus }: MilvusStore): MilvusConnection {
  const connection = connections.get(milvus);
  if (connection === undefined) throw new Error("expected a store that was opened after this module was loaded");
  return connection;
}
