/** The looks: dark, light, or dim red for a dark auditorium. */
import { useEffect } from "react";
import { useKept } from "../../shared/kept";

export type Theme = "dark" | "light" | "show";
export const THEMES: [Theme, string][] = [
  ["dark", "Dark"],
  ["light", "Light"],
  ["show", "Show: dim red"],
];

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, keep] = useKept<Theme>("openprod.theme", "dark");
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, keep];
}
