/** How large people want the pictures of a grid. The browser remembers it. */
import { useState } from "preact/hooks";

const storageName = "headrace-picture-size";

export const pictureSizes = { least: 0.6, most: 1.8, step: 0.1 } as const;

/** Returns a factor of the usual height. */
export function usePictureSize(): readonly [number, (size: number) => void] {
  const [size, setSize] = useState(kept);
  const change = (size: number): void => {
    localStorage.setItem(storageName, String(size));
    setSize(size);
  };
  return [size, change];
}

function kept(): number {
  const size = Number(localStorage.getItem(storageName));
  return size >= pictureSizes.least && size <= pictureSizes.most ? size : 1;
}
