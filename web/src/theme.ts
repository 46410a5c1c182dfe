/** Light, dark, or as the system is. */
import { useEffect, useState } from "preact/hooks";

export type Theme = "system" | "light" | "dark";

const storageName = "headrace-theme";
const next: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };

export function useTheme(): readonly [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(() => (localStorage.getItem(storageName) as Theme | null) ?? "system");
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
    localStorage.setItem(storageName, theme);
  }, [theme]);
  return [theme, () => setTheme(next[theme])];
}
