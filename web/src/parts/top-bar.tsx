/** The bar at the top of a page: what the page puts there, then language and theme. */
import type { ComponentChildren } from "preact";
import { useLanguage } from "../language/language.js";
import { useTheme } from "../theme.js";
import { Icon } from "./icon.js";

export interface TopBarProps {
  readonly children: ComponentChildren;
  /** Stands before language and theme. */
  readonly actions?: ComponentChildren;
}

export function TopBar({ children, actions }: TopBarProps) {
  const { words, toggle } = useLanguage();
  const [theme, nextTheme] = useTheme();
  return (
    <header class="top">
      {children}
      <div class="top-end">
        {actions}
        <button
          type="button"
          class="button button-quiet"
          lang={words.locale === "en" ? "zh-CN" : "en"}
          aria-label={words.languageLabel}
          onClick={toggle}
        >
          {words.language}
        </button>
        <button
          type="button"
          class="button button-quiet button-icon"
          title={words.theme[theme]}
          aria-label={words.theme[theme]}
          onClick={nextTheme}
        >
          <Icon name={theme} />
        </button>
      </div>
    </header>
  );
}

/** The name of Headrace, and its sign: water that is led to a wheel. */
export function Brand() {
  return (
    <>
      <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="9" />
        <path d="M6 11h8c5 0 7 10 12 10" />
        <path d="M6 17h5c5 0 5 5 9 7" opacity="0.6" />
      </svg>
      <span>Headrace</span>
    </>
  );
}
