/** The JSON of the service, as its own schemas describe it. */
import type { z } from "zod";
import type * as wire from "../../../src/server/wire/wire.js";
import type * as rows from "../../../src/server/wire/wire-rows.js";
import type * as search from "../../../src/server/wire/wire-search.js";

export type Service = z.output<typeof wire.service>;
export type Collection = z.output<typeof wire.collection>;
export type NewCollection = z.input<typeof wire.newCollection>;
export type StoredImage = z.output<typeof rows.images>["images"][number];
export type PageOfImages = z.output<typeof rows.images>;
export type Hit = z.output<typeof search.hits>["hits"][number];
export type Hits = z.output<typeof search.hits>;
export type Problem = z.output<typeof wire.problem>;
export type Metadata = z.output<typeof wire.metadata>;
