/** The packages of the images, as the script that copies them names them. */
import { pathToFileURL } from "node:url";

interface ImagePackages {
  /** By the name of the image, `headrace` or `servers`. Throws for another one. */
  readonly imagePackages: (image: string) => readonly string[];
}

export const { imagePackages } = (await import(pathToFileURL("scripts/image-packages.mjs").href)) as ImagePackages;
