/**
 * The types of the metadata columns of a collection, which all processes share. Each column has a property of its own, because Milvus changes
 * one property and leaves the others as they are. So processes that register columns at the same time do not undo each other's work.
 */
import type { DescribeCollectionResponse } from "@zilliz/milvus2-sdk-node";
import { type MetadataType, SerialQueue, unlessAborted } from "../../../kit/index.js";
import { type Properties, propertyOf } from "./properties.js";
import { pause } from "./waits.js";

/** The properties of columns begin with this text. The name of the column follows. */
const prefix = "headrace.column.";
/** Earlier versions wrote the types of all columns into this property, as a JSON object. */
const oldProperty = "headrace.columns";
/**
 * Pause between registering columns and reading them back. After this pause, two processes that register two types for one column at the same
 * time see the same type.
 */
const racingMs = 500;

/** Returns the columns that are registered in the properties of a collection. */
export function columnsOf(answer: Pick<DescribeCollectionResponse, "properties">): ReadonlyMap<string, MetadataType> {
  const own = answer.properties
    .filter(({ key }) => key.startsWith(prefix))
    .map(({ key, value }) => [key.slice(prefix.length), String(value) as MetadataType] as const);
  return new Map([...own, ...Object.entries(JSON.parse(propertyOf(answer, oldProperty) ?? "{}") as Record<string, MetadataType>)]);
}

export class RegisteredColumns {
  readonly #types: Map<string, MetadataType>;
  readonly #turns = new SerialQueue();

  /** `declared`: columns with a field of their own, which have the type of the field. */
  constructor(
    readonly properties: Properties,
    known: ReadonlyMap<string, MetadataType>,
    readonly declared: ReadonlySet<string>,
  ) {
    this.#types = new Map(known);
  }

  /** The types of all columns that this process knows. The map changes when columns are registered. */
  get types(): ReadonlyMap<string, MetadataType> {
    return this.#types;
  }

  /**
   * Registers new columns before the first row with a value for them is written. Afterwards `types` has a type for each of them. It is
   * another type than the given one if another process has registered that one.
   */
  async register(columns: ReadonlyMap<string, MetadataType>, signal: AbortSignal): Promise<void> {
    const registered = this.#turns.run(() => this.#register(columns));
    await unlessAborted(registered, signal, `collection ${this.properties.collection}: upsert`);
  }

  /** Resolves when no registration is running. */
  idle(): Promise<void> {
    return this.#turns.idle();
  }

  async #register(columns: ReadonlyMap<string, MetadataType>): Promise<void> {
    const unknown = [...columns].filter(([name]) => !this.#types.has(name));
    if (unknown.length === 0) return;
    const before = columnsOf(await this.properties.describe());
    const free = unknown.filter(([name]) => !before.has(name));
    if (free.length === 0) return this.#learn(before);
    await this.properties.set(Object.fromEntries(free.map(([name, type]) => [`${prefix}${name}`, type])));
    await pause(racingMs, { what: `register columns of ${this.properties.collection}` });
    this.#learn(new Map([...free, ...columnsOf(await this.properties.describe())]));
  }

  #learn(stored: ReadonlyMap<string, MetadataType>): void {
    for (const [name, type] of stored) if (!this.declared.has(name)) this.#types.set(name, type);
  }
}
