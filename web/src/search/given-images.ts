/** Takes images that people drop on the page or paste. */
import { useEffect, useState } from "preact/hooks";

export interface GivenImages {
  /** True while a file is over the page. */
  readonly isOver: boolean;
}

/** Calls `onFiles` with the files of a drop or a paste, whatever they are. */
export function useGivenImages(onFiles: (files: readonly File[]) => void): GivenImages {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true;
    const take = (given: DataTransfer | null): boolean => {
      const files = [...(given?.files ?? [])];
      if (files.length > 0) onFiles(files);
      return files.length > 0;
    };
    const onDragOver = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onDragLeave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      take(event.dataTransfer);
    };
    const onPaste = (event: ClipboardEvent): void => {
      if (take(event.clipboardData)) event.preventDefault();
    };
    document.addEventListener("dragover", onDragOver);
    document.addEventListener("dragleave", onDragLeave);
    document.addEventListener("drop", onDrop);
    document.addEventListener("paste", onPaste);
    return () => {
      document.removeEventListener("dragover", onDragOver);
      document.removeEventListener("dragleave", onDragLeave);
      document.removeEventListener("drop", onDrop);
      document.removeEventListener("paste", onPaste);
    };
  }, [onFiles]);
  return { isOver };
}
