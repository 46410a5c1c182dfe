/** Creates a collection while other processes may create the same: one of them makes it, the others find it. */
import { randomUUID } from "node:crypto";
import type { FieldType } from "@zilliz/milvus2-sdk-node";
import { HeadraceError } from "../../contracts/index.js";
import type { MilvusConnection } from "./client.js";
import { isDuplicate } from "./errors.js";
import type { IndexType, InsertSection } from "./options.js";
import { indexProperty } from "./schema.js";
import { BusyNote } from "./upkeep/index-note.js";
import type { Upkeep } from "./upkeep/upkeep.js";

export class Creation {
  /** Milvus refuses a second creation with another description, and takes one with the same as done. */
  readonly maker = randomUUID();
  readonly #note = new BusyNote("creating");

  constructor(
    readonly connection: MilvusConnection,
    readonly name: string,
    readonly index: IndexType,
    readonly insert: Pick<InsertSection, "index">,
  ) {}

  /** Throws `collection_exists` when another process was faster. */
  async make({ description, fields }: { readonly description: string; readonly fields: FieldType[] }): Promise<void> {
    try {
      await this.connection.call(`create ${this.name}`, (client) =>
        client.createCollection({
          collection_name: this.name,
          description,
          enable_dynamic_field: true,
          consistency_level: "Bounded",
          fields,
          properties: { [indexProperty]: this.#note.text },
        }),
      );
    } catch (error) {
      throw isDuplicate(error) ? alreadyThere(this.name, error) : error;
    }
  }

  /** Its index, the request to load it, and the end of the note that others wait for. What cannot be completed is removed. */
  async complete({ index, load, properties }: Upkeep): Promise<void> {
    const later = this.insert.index !== "before" && this.index !== "FLAT";
    this.#note.keep(properties);
    try {
      await index.create(later ? "FLAT" : this.index);
      // The place is taken, so this only asks the server whether it would take the type and its parameters.
      if (later) await index.create(this.index);
      await load.request();
      await this.#note.end(properties, later ? "pending" : "built");
    } catch (error) {
      await this.#note.stop();
      await this.#remove({ properties, load }, error);
      throw error;
    }
  }

  /** Others write only after the note has ended or the collection is loaded; from then on it may have rows, and stays. */
  async #remove({ properties, load }: Pick<Upkeep, "properties" | "load">, reason: unknown): Promise<void> {
    try {
      if (!(await this.#note.holds(properties)) || (await load.now()) !== "released") return;
      await this.connection.call(`drop ${this.name}`, (client) => client.dropCollection({ collection_name: this.name }));
    } catch (error) {
      const { message } = HeadraceError.from(reason);
      throw new HeadraceError(HeadraceError.from(reason).code, `${message}; collection ${this.name} was left without an index`, {
        hint: `${HeadraceError.from(reason).hint} The next call that opens the collection completes it.`,
        cause: error,
      });
    }
  }
}

export function alreadyThere(name: string, cause?: unknown): HeadraceError {
  return new HeadraceError("collection_exists", `collection ${name}: it is there already`, {
    hint: "Use it as it is, or choose another name. If several processes begin it at once, one creates it, and the others open it.",
    cause,
  });
}
