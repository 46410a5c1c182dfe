/** Collections: list, create, describe and delete. */
import type { Alias, CollectionStats } from "../../contracts/index.js";
import { type Route, route } from "../requests/route.js";
import * as wire from "../wire/wire.js";

export const collectionRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/collections",
    name: "listCollections",
    summary: "Lists all collections.",
    tag: "Collections",
    scope: "read",
    limitedKeys: "allowed",
    answers: { 200: { description: "The collections, with their sizes.", schema: wire.collections } },
    answer: async ({ pipeline, access }) => {
      const [all, aliases] = await Promise.all([pipeline.listCollections(), pipeline.aliases.list()]);
      const found = all.filter(({ name }) => access.allows(name));
      return { status: 200, body: { collections: found.map((each) => described(each, aliases)) } };
    },
  }),
  route({
    method: "POST",
    path: "/v1/collections",
    name: "createCollection",
    summary: "Creates an empty collection.",
    tag: "Collections",
    scope: "admin",
    limitedKeys: "allowed",
    body: wire.newCollection,
    examples: { numbered: { name: "numbered_pets", id_type: "int64" } },
    answers: { 201: { description: "The new collection.", schema: wire.collection, headers: { Location: "The path of the collection." } } },
    answer: async ({ pipeline, access, body: { name, dimension, metric, index, id_type } }) => {
      access.check(name);
      await pipeline.createCollection(name, {
        ...(dimension === undefined ? {} : { dim: dimension }),
        ...(metric === undefined ? {} : { metric }),
        ...(index === undefined ? {} : { index }),
        ...(id_type === undefined ? {} : { idType: id_type }),
      });
      const body = described(await pipeline.collectionStats(name), []);
      return { status: 201, body, headers: { location: `/v1/collections/${name}` } };
    },
  }),
  route({
    method: "GET",
    path: "/v1/collections/{name}",
    name: "collectionStats",
    summary: "Describes a collection.",
    tag: "Collections",
    scope: "read",
    params: wire.collectionParams,
    answers: { 200: { description: "The collection, with its size.", schema: wire.collection } },
    answer: async ({ pipeline, params }) => {
      const [found, aliases] = await Promise.all([pipeline.collectionStats(params.name), pipeline.aliases.list()]);
      return { status: 200, body: described(found, aliases) };
    },
  }),
  route({
    method: "DELETE",
    path: "/v1/collections/{name}",
    name: "deleteCollection",
    summary: "Deletes a collection with all its rows.",
    tag: "Collections",
    scope: "admin",
    params: wire.collectionParams,
    answers: { 204: { description: "The collection is deleted." } },
    answer: async ({ pipeline, uploads, params }) => {
      await pipeline.dropCollection(params.name);
      uploads.forgetUnused();
      return { status: 204 };
    },
  }),
];

function described(stats: CollectionStats, allAliases: readonly Alias[]): object {
  const { name, count, dimension, metric, idType, index, indexedKeys, indexableKeys, passport } = stats;
  const aliases = allAliases.filter(({ collection }) => collection === name).map(({ alias }) => alias);
  const keys = { indexed_keys: indexedKeys, indexable_keys: indexableKeys };
  return { name, aliases, count, dimension, metric, id_type: idType, index, ...keys, made_with: passport?.labels ?? null };
}
