import type { ReadLine } from "./entry.ts";
import { readCaddy, readCloudflare, readEcs, readNginxJson, readTraefik, readWherefrom } from "./json-formats.ts";
import { GOACCESS_NAMES, patternReader } from "./pattern.ts";
import { cloudfrontReader, haproxyReader, readAlb, readCombined, readNlb, readSquid } from "./text-formats.ts";

/** By the name that `--format` takes, in the order in which content is held against them: who says most comes first. */
const READERS: Readonly<Record<string, (column: number) => ReadLine>> = {
  wherefrom: () => readWherefrom,
  caddy: () => readCaddy,
  traefik: () => readTraefik,
  cloudflare: () => readCloudflare,
  ecs: () => readEcs,
  "nginx-json": () => readNginxJson,
  alb: () => readAlb,
  nlb: () => readNlb,
  cloudfront: () => cloudfrontReader(),
  squid: () => readSquid,
  haproxy: haproxyReader,
  combined: () => readCombined,
  // The same reader: what common lacks is absent, and Apache's virtual host is recognised by its port.
  common: () => readCombined,
  apache: () => readCombined,
};

export const LOG_FORMATS: readonly string[] = ["auto", ...Object.keys(READERS)];

/** Lines of the beginning by which a format is detected. */
export const SAMPLE_LINES = 200;

/** A reader for what `--format` or `--log-format` says; undefined for "auto"; a sentence for what is none. */
export function readerFor(
  format: string,
  logFormat: string | undefined,
  column: number,
): ReadLine | string | undefined {
  if (logFormat !== undefined) {
    const name = GOACCESS_NAMES[logFormat.toUpperCase()];
    return name === undefined ? patternReader(logFormat) : (READERS[name] as (column: number) => ReadLine)(column);
  }
  return format === "auto" ? undefined : READERS[format]?.(column);
}

/** The format that reads most of these lines, the first of several; undefined where none reads any. */
export function detectFormat(
  lines: readonly string[],
  column: number,
): { readonly name: string; readonly read: ReadLine } | undefined {
  let best: { name: string; read: ReadLine; score: number } | undefined;
  for (const [name, make] of Object.entries(READERS)) {
    const read = make(column);
    let score = 0;
    for (const line of lines) {
      const entry = read(line);
      // A line that is skipped tells little: another format may have an entry there.
      if (entry !== undefined) score += entry === "skip" ? 0.01 : 1;
    }
    if (score > (best?.score ?? 0)) best = { name, read: make(column), score };
  }
  return best;
}
