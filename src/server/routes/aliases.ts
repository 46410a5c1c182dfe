/** Other names of collections: list, set and remove. */
import type { z } from "zod";
import { type Route, route } from "../requests/route.js";
import * as wire from "../wire/wire-rows.js";

type AliasParams = z.output<typeof wire.aliasParams>;

export const aliasRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/aliases",
    name: "listAliases",
    summary: "Lists the other names of all collections.",
    tag: "Collections",
    scope: "read",
    limitedKeys: "allowed",
    answers: { 200: { description: "The aliases, sorted.", schema: wire.aliases } },
    answer: async ({ pipeline, access }) => {
      const aliases = await pipeline.aliases.list();
      return {
        status: 200,
        body: { aliases: aliases.filter(({ alias, collection }) => access.allows(alias) || access.allows(collection)) },
      };
    },
  }),
  route<AliasParams, z.output<typeof wire.aliasTarget>>({
    method: "PUT",
    path: "/v1/aliases/{alias}",
    name: "setAlias",
    summary: "Makes a name lead to a collection, in one step, also if it led to another one before.",
    tag: "Collections",
    scope: "write",
    limitedKeys: "allowed",
    params: wire.aliasParams,
    body: wire.aliasTarget,
    examples: { animals: { collection: "pets" } },
    answers: { 200: { description: "The alias.", schema: wire.alias } },
    answer: async ({ pipeline, access, params: { alias }, body: { collection } }) => {
      for (const name of [alias, collection]) access.check(name);
      await pipeline.aliases.set(alias, collection);
      return { status: 200, body: { alias, collection } };
    },
  }),
  route<AliasParams>({
    method: "DELETE",
    path: "/v1/aliases/{alias}",
    name: "deleteAlias",
    summary: "Removes another name of a collection. The collection stays.",
    tag: "Collections",
    scope: "write",
    limitedKeys: "allowed",
    params: wire.aliasParams,
    answers: { 204: { description: "The name is free." } },
    answer: async ({ pipeline, access, params }) => {
      access.check(params.alias);
      await pipeline.aliases.drop(params.alias);
      return { status: 204 };
    },
  }),
];
