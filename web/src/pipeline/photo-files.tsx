/** Chooses photos of this computer, or a folder of them, and says which files are none. */
import { useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { useService } from "../service/context.js";
import { acceptedFiles, isImageFile } from "../service/image-files.js";
import { mebibytes } from "./run-text.js";

export interface FilesProps {
  readonly files: readonly File[];
  /** While they are sent, the photos stay the same. */
  readonly isFixed: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

/** The types of Preact do not know the attribute, which all browsers do. */
const wholeFolder = { webkitdirectory: true };

export function Files({ files, isFixed, onFiles }: FilesProps) {
  const words = useWords();
  const extensions = useService().service?.image_extensions ?? [];
  const [leftOut, setLeftOut] = useState(0);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const take = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void => {
    const chosen = [...(currentTarget.files ?? [])];
    const photos = chosen.filter((file) => isImageFile(file, extensions));
    setLeftOut(chosen.length - photos.length);
    onFiles(photos);
  };
  return (
    <>
      {!isFixed && (
        <div class="file-choices">
          <label class="button">
            {words.pipeline.newRun.files}
            <input class="hidden" type="file" accept={acceptedFiles(extensions)} multiple onChange={take} />
          </label>
          <label class="button">
            {words.pipeline.newRun.folder}
            <input class="hidden" type="file" multiple {...wholeFolder} onChange={take} />
          </label>
        </div>
      )}
      {(files.length > 0 || leftOut > 0) && (
        <p role="status">
          {files.length > 0 && words.pipeline.newRun.chosen(files.length, mebibytes(bytes))}
          {leftOut > 0 && <span class="fine"> {words.pipeline.newRun.leftOut(leftOut)}</span>}
        </p>
      )}
    </>
  );
}
