/** The calls of a pipeline for whole collections. */
import type { BuiltIndex, CollectionStats } from "../../contracts/index.js";
import { never } from "../collections/call-options.js";
import { askCollection } from "../collections/named-collection.js";
import type { DeleteOptions } from "../deletions/delete-options.js";
import { type DeletedFile, deletedFiles } from "../deletions/deleted-files.js";
import { dropKept } from "../deletions/drop-kept.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { type CreateCollectionOptions, createCollection } from "./create-collection.js";
import { adoptCollection, type BuildIndexesOptions, buildIndexes, type CompactOptions, compactCollection } from "./maintain-collection.js";

/** Calls for whole collections. */
export abstract class CollectionCalls {
  readonly #parts: PipelineParts;

  protected constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** Creates an empty collection. Throws `collection_exists`. */
  createCollection(name: string, options: CreateCollectionOptions = {}): Promise<void> {
    return createCollection(this.#parts, name, options);
  }

  /** Lists all collections of the store. */
  async listCollections(): Promise<readonly CollectionStats[]> {
    return (await this.#parts.store(never())).list();
  }

  /** Deletes a collection with all its rows. `restore` brings them back. Throws `collection_not_found`. */
  dropCollection(name: string, options: DeleteOptions = {}): Promise<void> {
    return dropKept(this.#parts, name, options);
  }

  /** Returns the size and the settings of a collection. Throws `collection_not_found`. */
  collectionStats(name: string): Promise<CollectionStats> {
    return askCollection(this.#parts, name, (collection) => collection.stats());
  }

  /** Does all upkeep of a collection now: builds indexes, merges files, and removes old versions. */
  compactCollection(name: string, options: CompactOptions = {}): Promise<void> {
    return compactCollection(this.#parts, name, options);
  }

  /** Builds indexes now, even those that upkeep would not build yet. Returns what was done for each. Throws `index_invalid`. */
  buildIndexes(name: string, options: BuildIndexesOptions = {}): Promise<readonly BuiltIndex[]> {
    return buildIndexes(this.#parts, name, options);
  }

  /** Declares that this pipeline's model made the vectors of a collection: replaces its passport. Throws `dimension_mismatch`. */
  adoptCollection(name: string): Promise<void> {
    return adoptCollection(this.#parts, name);
  }

  /** Lists the files of deleted rows of a collection, the newest first. The collection itself may be deleted too. */
  deletedFiles(name: string): Promise<readonly DeletedFile[]> {
    return deletedFiles(this.#parts, name);
  }
}
