const WHOLE = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** "1,234,567". */
export function formatCount(count: number): string {
  return WHOLE.format(Math.round(count));
}

/** "1 line", "2 lines". */
export function formatMany(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** "12.3 %" of the whole; "-" of nothing. */
export function formatShare(part: number, whole: number): string {
  return whole === 0 ? "-" : `${SHORT.format((100 * part) / whole)} %`;
}

/** "1.2 GB": powers of 1000, as network bytes are counted. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${SHORT.format(bytes / 1000 ** power)} ${units[power]}`;
}

/** "2026-11-25 09:46:40", UTC. */
export function formatSecond(second: number): string {
  return new Date(second * 1000).toISOString().slice(0, 19).replace("T", " ");
}
