import { fileStats } from "./file-stats.ts";
import { formatBytes, formatCount } from "./number-text.ts";
import type { Terminal } from "./terminal.ts";

/** From so many milliseconds on it is worth to be told, and so often. */
const FIRST_MS = 2000;
const EVERY_MS = 200;
const BAR_WIDTH = 24;

export interface Progress {
  /** Bytes that were read of the file at hand, and events of all. */
  readonly tell: (bytes: number, events: number) => void;
  readonly end: () => void;
}

/** A line on the terminal's standard error that is written over: bytes, events a second, time left. Nothing where that is no terminal. */
export function showProgress(files: readonly string[], { progress }: Terminal): Progress {
  if (progress === undefined) return { tell: () => {}, end: () => {} };
  const whole = files.reduce((sum, file) => sum + (file === "-" ? 0 : Number(fileStats(file).size)), 0);
  const start = performance.now();
  let [last, before, file, isShown] = [start, 0, 0, false];
  return {
    tell: (bytes, events) => {
      // Fewer than before are those of the next file.
      if (bytes < file) before += file;
      file = bytes;
      const now = performance.now();
      if (now - start < FIRST_MS || now - last < EVERY_MS) return;
      [last, isShown] = [now, true];
      progress(progressText(before + bytes, whole, events, (now - start) / 1000));
    },
    end: () => {
      if (isShown) progress("");
      isShown = false;
    },
  };
}

function progressText(bytes: number, whole: number, events: number, seconds: number): string {
  const rate = `${formatCount(events / seconds)} events a second`;
  if (whole === 0 || bytes > whole) return `${formatBytes(bytes)}, ${rate}`;
  const filled = Math.round((bytes / whole) * BAR_WIDTH);
  const left = Math.ceil((seconds * (whole - bytes)) / Math.max(1, bytes));
  return `[${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}] ${formatBytes(bytes)} of ${formatBytes(whole)}, ${rate}, ${formatCount(left)} s left`;
}
