/** When an engine that ended by itself is started again, and when that is given up. */

const WAIT_MS_MIN = 250;
const WAIT_MS_MAX = 8_000;
/** More ends than this, each soon after the start, are no accident: a person has to look. */
const ENDS_MAX = 6;
/** An engine that ran as long as this is well again. */
const WELL_MS = 60_000;

export class Backoff {
  private ends = 0;

  /** How long to wait after an engine ended that had run for `ran` milliseconds; `null` when it is time to give up. */
  next(ran: number): number | null {
    if (ran >= WELL_MS) this.ends = 0;
    this.ends += 1;
    if (this.ends > ENDS_MAX) return null;
    return Math.min(WAIT_MS_MIN * 2 ** (this.ends - 1), WAIT_MS_MAX);
  }

  /** Forgets what was: a person wants it tried again. */
  reset(): void {
    this.ends = 0;
  }
}
