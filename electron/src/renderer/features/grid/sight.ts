/** Which lines of the grid are in sight, in steps, so that scrolling draws only now and then. */
import { type RefObject, useCallback, useLayoutEffect, useState } from "react";
import { ROW_HEIGHT } from "./row";

/** Lines drawn beyond those in sight, so that scrolling does not outrun drawing. */
export const SPARE = 10;

/** Between steps nothing is drawn anew, and the browser only moves what is there. */
const STEP = 4;

/** `slots`: at least as many as lines are drawn at a time; it changes only with the height of the grid. */
export type Sight = { first: number; last: number; slots: number };

export function sightOf(top: number, height: number): Sight {
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT));
  const last = Math.ceil((top + height) / ROW_HEIGHT);
  const slots = Math.ceil(height / ROW_HEIGHT) + 1 + 2 * (STEP + SPARE) + 1;
  return { first: first - (first % STEP), last: last + STEP - (last % STEP), slots };
}

export function useSight(viewport: RefObject<HTMLDivElement | null>): [Sight, () => void] {
  const [sight, setSight] = useState<Sight>(() => sightOf(0, window.innerHeight));
  const look = useCallback(() => {
    const element = viewport.current;
    if (!element) return;
    element.toggleAttribute("data-aside", element.scrollLeft > 0);
    const next = sightOf(element.scrollTop, element.clientHeight);
    setSight((before) =>
      before.first === next.first && before.last === next.last && before.slots === next.slots ? before : next,
    );
  }, [viewport]);
  useLayoutEffect(() => {
    look();
    const element = viewport.current;
    if (!element) return;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [viewport, look]);
  return [sight, look];
}
