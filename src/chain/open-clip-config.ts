/** Converts open_clip's `preprocess_cfg.json` into the keys of `preprocessor_config.json`. */

type Fields = Readonly<Record<string, unknown>>;

/** Numbers that Pillow has for the names that open_clip uses. */
const filters: Readonly<Record<string, number>> = { bilinear: 2, bicubic: 3 };

/** Whether the configuration is one of open_clip, which resizes with torchvision. */
export function isOpenClipConfig(config: unknown): config is Fields {
  return typeof config === "object" && config !== null && "resize_mode" in config && "interpolation" in config;
}

/** Returns any other configuration as it is. What has no equivalent is kept under its own name, and is then refused by that name. */
export function asPreprocessorConfig(config: unknown): unknown {
  if (!isOpenClipConfig(config)) return config;
  const { size, mode, mean, std, interpolation, resize_mode: resizeMode, fill_color: fillColor, ...others } = config;
  const [height, width] = Array.isArray(size) ? (size as readonly unknown[]) : [size, size];
  const common = {
    ...others,
    ...(mode === "RGB" ? {} : { mode }),
    resample: filters[String(interpolation)] ?? interpolation,
    image_mean: mean,
    image_std: std,
  };
  if (resizeMode === "squash") return { ...common, size: { height, width }, do_center_crop: false };
  if (resizeMode === "shortest") return { ...common, size: { shortest_edge: height }, crop_size: { height, width }, do_center_crop: true };
  return { ...common, resize_mode: resizeMode, fill_color: fillColor };
}
