/** Second names of collections. A program that uses an alias changes to another collection when the alias is set to it. */

/** A second name of a collection. */
export interface Alias {
  readonly alias: string;
  /** The name of the collection. It is not an alias itself. */
  readonly collection: string;
}

/** The aliases of a store. No collection and alias of a store have the same name. */
export interface CollectionAliases {
  /** Lists all aliases, sorted by alias. */
  aliases(): Promise<readonly Alias[]>;
  /**
   * Makes `alias` a name of the collection, in one step: all other calls find either the collection of before or this one. Throws
   * `collection_exists` if a collection has the name `alias`, and `collection_not_found` if none has the name `collection`.
   */
  setAlias(alias: string, collection: string): Promise<void>;
  /** Removes an alias. The collection stays. Throws `alias_not_found`. */
  dropAlias(alias: string): Promise<void>;
}
