/** A window over the page. Escape, the close button and a click beside it close it; the focus then returns to where it was. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "./icon.js";

export interface DialogProps {
  readonly title: string;
  /** "viewer": as large as the window, for a picture and its details. "box": in the middle, for questions. */
  readonly shape: "viewer" | "box";
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, shape, onClose, children }: DialogProps) {
  const words = useWords();
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const opener = document.activeElement;
    element.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  const onBackdrop = (event: MouseEvent): void => {
    if (event.target === element.current) onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog; the click is for the area beside it
    <dialog ref={element} class={`dialog dialog-${shape}`} aria-labelledby={titleId} onClose={onClose} onClick={onBackdrop}>
      <div class="dialog-inside">
        <header>
          <h2 id={titleId}>{title}</h2>
          <button type="button" class="button button-quiet button-icon" aria-label={words.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
