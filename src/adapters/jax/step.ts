/** Describes what a kernel computes, as plain data that can be sent to a worker thread. */
import type { Normalization, TensorLayout } from "../../contracts/index.js";
import type { ImageFunction } from "./define.js";
import { compileKernel, type Kernel } from "./kernel.js";
import { importPreprocessor } from "./module.js";
import { type JaxDevice, loadJax } from "./runtime.js";

export type JaxStep =
  | { readonly kind: "normalize"; readonly normalization: Normalization | null; readonly layout: TensorLayout }
  /** The `apply` function of the user's module at `path`. */
  | { readonly kind: "custom"; readonly path: string };

export interface KernelSettings {
  readonly step: JaxStep;
  readonly device: JaxDevice;
  /** Height of the input images in pixels. */
  readonly height: number;
  /** Width of the input images in pixels. */
  readonly width: number;
}

export async function openKernel({ step, device, height, width }: KernelSettings): Promise<Kernel> {
  const jax = await loadJax(device);
  return compileKernel(jax, await functionOf(step), { height, width });
}

async function functionOf(step: JaxStep): Promise<ImageFunction> {
  switch (step.kind) {
    case "normalize":
      return normalize(step.normalization, step.layout);
    case "custom":
      return (await importPreprocessor(step.path)).definition.apply;
    default:
      return step satisfies never;
  }
}

function normalize(normalization: Normalization | null, layout: TensorLayout): ImageFunction {
  return (image, { numpy }) => {
    const { rescale, mean, std } = normalization ?? { rescale: 1, mean: [0, 0, 0], std: [1, 1, 1] };
    const normalized =
      normalization === null
        ? image
        : image
            .mul(rescale)
            .sub(numpy.array([...mean]))
            .div(numpy.array([...std]));
    return layout === "NHWC" ? normalized : numpy.transpose(normalized, [2, 0, 1]);
  };
}
