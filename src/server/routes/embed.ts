/** Embeddings of images and texts that are not stored. */
import type { z } from "zod";
import { type Form, type Route, route } from "../requests/route.js";
import { checked } from "../requests/validation.js";
import { itemProblem, Refused } from "../wire/problems.js";
import * as wire from "../wire/wire.js";
import { type Embeddable, type EmbeddedOne, embedAll, encoded, shortened, type VectorEncoding } from "./embeddings.js";

interface GivenImages extends Pick<z.output<typeof wire.embedding>, "encoding" | "dimensions"> {
  readonly images: readonly Embeddable[];
}

export const embedRoutes: readonly Route[] = [
  route<undefined, GivenImages>({
    method: "POST",
    path: "/v1/embed",
    name: "embedImages",
    summary: "Computes the vectors of images and texts, without storing them. One that fails does not stop the others.",
    tag: "Embeddings",
    scope: "read",
    limitedKeys: "allowed",
    body: wire.embedding,
    examples: {
      numbers: { images: [{ url: wire.exampleDataUrl }] },
      base64: { images: [{ url: wire.exampleDataUrl }], encoding: "base64" },
    },
    form: { fields: wire.embeddingForm, toBody: imagesOfForm },
    answers: { 200: { description: "One entry per image or text, in the order of the request.", schema: wire.embedded } },
    answer: async ({ body: { images, encoding, dimensions }, signal, ...context }) => {
      const shorten = await shortened(context, dimensions);
      const embedded = await embedAll(context, images, signal);
      const failed = embedded.filter((each) => "error" in each).length;
      const items = embedded.map((each, index) => itemOf("error" in each ? each : { vector: shorten(each.vector) }, index, encoding));
      const dimension = dimensions ?? (await context.pipeline.dimension());
      return { status: 200, body: { dimension, embedded: embedded.length - failed, failed, items } };
    },
  }),
];

function itemOf(each: EmbeddedOne, index: number, encoding: VectorEncoding): object {
  if ("error" in each) return { index, status: "failed", problem: itemProblem(each.error) };
  return { index, status: "embedded", vector: encoded(each.vector, encoding) };
}

function imagesOfForm({ files, fields }: Form): GivenImages {
  if (files.length === 0) throw new Refused("request_invalid", "files: expected at least one, found none.");
  return { images: files.map(({ bytes }) => ({ bytes })), ...checked(wire.embeddingForm, fields) };
}
