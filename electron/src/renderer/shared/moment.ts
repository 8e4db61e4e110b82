/** Times as people say them. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const dayAndYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

/** “just now”, “4 min ago”, “19:30”, “Fri, 20 Nov, 19:30”, “20 Nov 2025”. */
export function ago(at: string, now: number = Date.now()): string {
  const time = Date.parse(at);
  if (Number.isNaN(time)) return at;
  const minutes = Math.floor((now - time) / 60_000);
  if (minutes >= 0 && minutes < 1) return "just now";
  if (minutes >= 0 && minutes < 60) return `${minutes} min ago`;
  const date = new Date(time);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return clock.format(date);
  if (date.getFullYear() === today.getFullYear()) return `${day.format(date)}, ${clock.format(date)}`;
  return dayAndYear.format(date);
}

/** The day as a heading: “Today”, “Yesterday”, “Fri, 20 Nov”. */
export function dayOf(at: string, now: number = Date.now()): string {
  const date = new Date(at);
  if (date.toDateString() === new Date(now).toDateString()) return "Today";
  if (date.toDateString() === new Date(now - 86_400_000).toDateString()) return "Yesterday";
  return date.getFullYear() === new Date(now).getFullYear() ? day.format(date) : dayAndYear.format(date);
}

export function timeOf(at: string): string {
  return clock.format(new Date(at));
}
