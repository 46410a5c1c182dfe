/** The sharp settings of the `preprocess` section. */
import * as z from "zod";
import { sharpDefaults } from "./defaults.js";

export const sharpSettings = {
  maxPixels: z
    .int()
    .min(1)
    .default(sharpDefaults.maxPixels)
    .describe("Maximum number of pixels of an image. A larger one fails with `image_too_large`."),
  damaged: z
    .enum(["refuse", "keep"])
    .default(sharpDefaults.damaged)
    .describe("refuse: a damaged image fails with `image_corrupt`. keep: what can be decoded is stored, and marked with `image_damaged`."),
  svg: z
    .enum(["refuse", "draw"])
    .default("refuse")
    .describe("refuse: an SVG fails with `image_unsupported`. draw: it is drawn at its own size. Linked files are never read."),
  decodeBudgetMb: z
    .int()
    .min(1)
    .default(sharpDefaults.decodeBudgetMb)
    .describe("MiB that all concurrent decodes may use, without images and tensors. An image that needs more is decoded alone."),
};

export const sharpSection = z.object(sharpSettings);
export type SharpSection = z.output<typeof sharpSection>;
