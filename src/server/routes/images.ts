/** The images of a collection: insert and delete. */
import type { z } from "zod";
import { type DescribedInput, keysOf } from "../../app/index.js";
import type { Key, Metadata } from "../../contracts/index.js";
import { insertionAnswer } from "../insertions/settled-images.js";
import { type GivenSource, identified, inputOf, refuseTooMany, sentImages } from "../insertions/sources.js";
import { type Form, type Route, route, type ServerContext } from "../requests/route.js";
import { checked, parsedJson } from "../requests/validation.js";
import { Refused } from "../wire/problems.js";
import * as wire from "../wire/wire.js";

type GivenImage = GivenSource & { readonly id?: string | number | undefined; readonly metadata?: Metadata | null | undefined };
interface GivenInsertion {
  readonly images: readonly GivenImage[];
}

export const imageRoutes: readonly Route[] = [
  route<z.output<typeof wire.collectionParams>, GivenInsertion>({
    method: "POST",
    path: "/v1/collections/{name}/images",
    name: "insertImages",
    summary: "Stores images, or replaces the rows with the same ids. An image that fails does not stop the others.",
    tag: "Images",
    scope: "write",
    params: wire.collectionParams,
    body: wire.insertion,
    examples: { dataUrl: { images: [{ url: wire.exampleDataUrl, id: "dot", metadata: { year: 2024, colour: "grey" } }] } },
    form: { fields: wire.insertionForm, toBody: insertionOfForm },
    answers: { 200: { description: "What became of each image. All stored rows are durable.", schema: wire.inserted } },
    answer: async ({ params: { name }, body: { images }, signal, ...context }) => {
      refuseTooMany(images, context.settings.server);
      const inputs = identified(await inputsOf(context, name, images));
      const settled = await context.insertions.insert(name, inputs, { signal, spans: context.spans });
      await context.uploads.keep(sentImages(inputs, settled));
      return { status: 200, body: insertionAnswer(settled) };
    },
  }),
  route({
    method: "POST",
    path: "/v1/collections/{name}/images/delete",
    name: "deleteImages",
    summary: "Deletes the rows with the given ids, or all rows that match a filter.",
    tag: "Images",
    scope: "write",
    params: wire.collectionParams,
    body: wire.deletion,
    examples: { byIds: { ids: ["cat", "dog"] }, byFilter: { filter: "year < 2000" } },
    answers: { 200: { description: "The number of deleted rows. Unknown ids are not counted.", schema: wire.deleted } },
    answer: async ({ pipeline, uploads, params: { name }, body: { ids, filter } }) => {
      const deleted =
        filter === undefined
          ? await pipeline.deleteByIds(name, await keysOf(pipeline, name, ids ?? []))
          : await pipeline.deleteByFilter(name, filter);
      if (deleted > 0) uploads.forgetUnused();
      return { status: 200, body: { deleted } };
    },
  }),
];

async function inputsOf({ pipeline, settings }: ServerContext, name: string, images: readonly GivenImage[]): Promise<DescribedInput[]> {
  const given = images.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const keys = new Map<string, Key>((await keysOf(pipeline, name, given)).map((key) => [String(key), key]));
  return Promise.all(
    images.map(async (image) => ({
      input: await inputOf(image, settings.server),
      ...(image.id === undefined ? {} : { id: keys.get(String(image.id)) ?? image.id }),
      ...(image.metadata === undefined ? {} : { metadata: image.metadata }),
    })),
  );
}

function insertionOfForm({ files, fields }: Form): GivenInsertion {
  const columns = checked(
    wire.insertionColumns,
    Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, parsedJson(text, name)])),
  );
  for (const [name, column] of Object.entries(columns)) {
    if (column === undefined || column.length === files.length) continue;
    throw new Refused("request_invalid", `${name}: expected ${files.length} entries, one per file, found ${column.length}.`);
  }
  if (files.length === 0) throw new Refused("request_invalid", "files: expected at least one, found none.");
  return { images: files.map(({ bytes }, index) => ({ bytes, id: columns.ids?.[index], metadata: columns.metadata?.[index] })) };
}
