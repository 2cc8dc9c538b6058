/**
 * Times and sizes as people read them.
 *
 * @module
 */

/** `45s`, `12m`, `3h`, `2d`: the largest unit that is there; `now` for none. */
export function spanText(ms: number): string {
  if (ms < 1000) return "now";
  const seconds = Math.floor(ms / 1000);
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** `512`, `5.1K`, `12M`: octets; 1K is 1024. */
export function sizeText(octets: number): string {
  if (octets < 1024) return `${octets}`;
  for (const [at, unit] of ["K", "M", "G"].entries()) {
    const value = octets / 1024 ** (at + 1);
    if (value < 1000 || unit === "G") {
      return value < 9.95 ? `${value.toFixed(1)}${unit}` : `${Math.round(value)}${unit}`;
    }
  }
  return `${octets}`;
}

/** `1 message`, `2 messages`. */
export function countText(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
