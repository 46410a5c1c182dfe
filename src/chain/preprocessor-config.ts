/** Reads `preprocessor_config.json` of Hugging Face, and `preprocess_cfg.json` of open_clip. They describe the preprocessing of a model. */
import type { CropRounding, Geometry, Normalization, ResizeFilter } from "../contracts/index.js";
import { HeadraceError } from "../contracts/index.js";
import type { Preset } from "../kit/index.js";
import { asPreprocessorConfig, isOpenClipConfig } from "./open-clip-config.js";

type Fields = Readonly<Record<string, unknown>>;
type Triple = readonly [number, number, number];

/** Resampling filters by their number in the Python library Pillow. The file contains such a number. */
const filters: Readonly<Record<number, ResizeFilter>> = { 0: "nearest", 1: "lanczos3", 2: "bilinear", 3: "bicubic" };

/**
 * Image processors of Hugging Face whose behaviour the keys of the file describe completely. For each name, the variants
 * `…ImageProcessor`, `…ImageProcessorFast` and `…FeatureExtractor` are also supported. That of DINOv3 resizes without rounding to 8 bits; the
 * vectors are the same to a cosine of 0.9999.
 */
const processors = ["CLIP", "ViT", "Siglip", "Bit", "DeiT", "Blip", "ChineseCLIP", "OwlViT", "DINOv3ViT"];

const understood = [
  "size",
  "crop_size",
  "do_resize",
  "do_center_crop",
  "do_rescale",
  "do_normalize",
  "rescale_factor",
  "image_mean",
  "image_std",
  "resample",
  "image_processor_type",
  "feature_extractor_type",
];

/** Keys of the file that do not change the tensor of an RGB image. */
const harmless = [
  "processor_class",
  "auto_map",
  "do_convert_rgb",
  "data_format",
  "input_data_format",
  "default_to_square",
  "return_tensors",
  "device",
  "disable_grouping",
  "_valid_processor_keys",
  "_processor_class",
];

/**
 * Returns the preset that a configuration describes. `file` is the path of the configuration: it appears in errors and is the name of the
 * preset. Throws `config_invalid` with the first key that is missing, invalid or not supported.
 */
export function presetFromConfig(given: unknown, file: string): Preset {
  const config = asPreprocessorConfig(given);
  if (typeof config !== "object" || config === null || Array.isArray(config)) throw refused(file, null, "an object", config);
  const fields = config as Fields;
  checkProcessor(fields, file);
  for (const [key, value] of Object.entries(fields)) {
    const isOff = value === null || value === false;
    if (!isOff && !understood.includes(key) && !harmless.includes(key)) throw refused(file, key, "a key that Headrace knows", value);
  }
  const geometry = geometryOf(fields, file, isOpenClipConfig(given) ? "torchvision" : "down");
  return { name: file, geometry: () => geometry, normalization: normalizationOf(fields, file) };
}

function checkProcessor(fields: Fields, file: string): void {
  for (const key of ["image_processor_type", "feature_extractor_type"]) {
    const type = fields[key] ?? null;
    if (type === null) continue;
    const family = String(type).replace(/(ImageProcessor(Fast|Pil)?|FeatureExtractor)$/, "");
    if (!processors.includes(family)) throw refused(file, key, `the processor of one of ${processors.join(", ")}`, type);
  }
}

function geometryOf(fields: Fields, file: string, rounding: CropRounding): Geometry {
  if (!flag(fields, "do_resize", true, file)) throw refused(file, "do_resize", "true", false);
  // `resample` is required, because the default differs between the processors of Hugging Face.
  const filter = filters[Number(fields["resample"] ?? Number.NaN)];
  if (filter === undefined) throw refused(file, "resample", "0 (nearest), 1 (lanczos), 2 (bilinear) or 3 (bicubic)", fields["resample"]);
  const crops = flag(fields, "do_center_crop", (fields["crop_size"] ?? null) !== null, file);
  const resized = sizeOf(fields["size"], "size", crops, file);
  if (!crops) {
    if (!("shorterSide" in resized)) return { kind: "squash", ...resized, filter };
    throw refused(file, "do_center_crop", "true, because size.shortest_edge alone does not fix the other side", fields["do_center_crop"]);
  }
  const kept = sizeOf(fields["crop_size"], "crop_size", false, file);
  if ("shorterSide" in kept) throw refused(file, "crop_size", "height and width", fields["crop_size"]);
  if ("shorterSide" in resized) {
    if (Math.max(kept.width, kept.height) <= resized.shorterSide) return { kind: "crop", ...resized, ...kept, filter, rounding };
    throw refused(file, "crop_size", `at most size.shortest_edge, ${resized.shorterSide}`, fields["crop_size"]);
  }
  if (kept.width === resized.width && kept.height === resized.height) return { kind: "squash", ...kept, filter };
  throw refused(file, "size", "shortest_edge, or the same as crop_size (cropping a squashed image is not supported)", fields["size"]);
}

/** Old files have a single number as size. The number is the shorter side if a crop follows, else both width and height. */
function sizeOf(
  value: unknown,
  key: string,
  isBeforeCrop: boolean,
  file: string,
): { readonly width: number; readonly height: number } | { readonly shorterSide: number } {
  if (isSide(value)) return isBeforeCrop ? { shorterSide: value } : { width: value, height: value };
  const { height, width, shortest_edge: shorterSide, ...others } = (typeof value === "object" && value !== null ? value : {}) as Fields;
  const isAlone = Object.values(others).every((other) => other === null);
  if (isAlone && isSide(height) && isSide(width) && shorterSide === undefined) return { width, height };
  if (isAlone && isSide(shorterSide) && height === undefined && width === undefined) return { shorterSide };
  throw refused(file, key, "{height, width} or {shortest_edge} in whole pixels", value);
}

function normalizationOf(fields: Fields, file: string): Normalization | null {
  const rescale = flag(fields, "do_rescale", true, file) ? numberOf(fields, "rescale_factor", 1 / 255, file) : 1;
  if (!flag(fields, "do_normalize", true, file)) return rescale === 1 ? null : { rescale, mean: [0, 0, 0], std: [1, 1, 1] };
  const std = tripleOf(fields, "image_std", file);
  if (std.some((value) => value <= 0)) throw refused(file, "image_std", "three numbers above 0", fields["image_std"]);
  return { rescale, mean: tripleOf(fields, "image_mean", file), std };
}

function flag(fields: Fields, key: string, fallback: boolean, file: string): boolean {
  const value = fields[key] ?? fallback;
  if (typeof value === "boolean") return value;
  throw refused(file, key, "true or false", value);
}

function numberOf(fields: Fields, key: string, fallback: number, file: string): number {
  const value = fields[key] ?? fallback;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw refused(file, key, "a number", value);
}

function tripleOf(fields: Fields, key: string, file: string): Triple {
  const value = fields[key];
  const [red, green, blue, ...more] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  if (typeof red === "number" && typeof green === "number" && typeof blue === "number" && more.length === 0) return [red, green, blue];
  throw refused(file, key, "three numbers", value);
}

function isSide(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0;
}

function refused(file: string, key: string | null, expected: string, found: unknown): HeadraceError {
  const shown = found === undefined ? "nothing" : JSON.stringify(found).slice(0, 100);
  return new HeadraceError(
    "config_invalid",
    `preprocess.preset: ${file}${key === null ? "" : `: ${key}`}: expected ${expected}, found ${shown}`,
    {
      hint: "Change the key in a copy of the file, or write the preprocessing as a module: docs/guides/preprocessing.md in the package headrace.",
    },
  );
}
