/** The language of the page: the one that was chosen last, otherwise that of the browser. */
import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { en, type Words } from "./en.js";
import { zh } from "./zh.js";

interface LanguageState {
  readonly words: Words;
  readonly toggle: () => void;
}

const Context = createContext<LanguageState>({ words: en, toggle: () => undefined });
const storageName = "headrace-language";

export function LanguageProvider({ children }: { readonly children: ComponentChildren }) {
  const [words, setWords] = useState<Words>(() => ((localStorage.getItem(storageName) ?? navigator.language).startsWith("zh") ? zh : en));
  useEffect(() => {
    document.documentElement.lang = words.locale;
  }, [words]);
  const toggle = (): void => {
    const other = words === en ? zh : en;
    localStorage.setItem(storageName, other.locale);
    setWords(other);
  };
  return <Context.Provider value={{ words, toggle }}>{children}</Context.Provider>;
}

export const useWords = (): Words => useContext(Context).words;
export const useLanguage = (): LanguageState => useContext(Context);
