/** Finds out whether the configured user may write rows to a collection, without writing any. */
import type { MilvusConnection } from "../connection/client.js";
import type { CollectionShape } from "../connection/schema.js";
import { fromStatus, fromThrown, isForbidden } from "../errors.js";
import { decodeMutation, encodeUpsert } from "./upsert-encoder.js";

/**
 * Sends a request without rows. Milvus checks privileges first, and then refuses the request because it is empty. So only a missing privilege is
 * an error here: a service that is away is found by the first write.
 */
export async function checkMayWrite(connection: MilvusConnection, { name }: CollectionShape, signal: AbortSignal): Promise<void> {
  const { endpoint } = connection;
  const call = `write to ${name}`;
  const request = { database: endpoint.database ?? "", collection: name, rows: 0, columns: [] };
  const refusal = await connection.sendUpsert(encodeUpsert(request, connection.newWriter()), signal).then(
    (bytes) => fromStatus(call, decodeMutation(bytes).status, endpoint),
    (thrown: unknown) => fromThrown(call, thrown, endpoint),
  );
  if (isForbidden(refusal) || refusal.code === "aborted") throw refusal;
}
