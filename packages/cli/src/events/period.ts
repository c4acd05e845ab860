import { formatMany } from "../terminal/number-text.ts";
import type { OptionTable } from "../terminal/option.ts";
import type { Period } from "./event-files.ts";
import { readMoment } from "./moment.ts";

/** The forms of a time, for help and errors. */
const MOMENTS = "2026-11-25T09:00:00Z, 2026-11-25, now, 1h (an hour ago), today or yesterday";

export const PERIOD_OPTIONS: OptionTable = {
  since: { type: "string", value: "TIME", description: `start of the period: ${MOMENTS}` },
  until: { type: "string", value: "TIME", description: "end of the period" },
};

/** Of `--since` and `--until`, which may be written `--from` and `--to` as well; or what is wrong with them. */
export function readPeriod(values: Readonly<Record<string, string>>): Partial<Period> | string {
  const [begin, end] = [
    values["since"] === undefined ? "from" : "since",
    values["until"] === undefined ? "to" : "until",
  ];
  const now = Date.now() / 1000;
  const seconds: { from?: number; to?: number } = {};
  for (const [name, option] of [
    ["from", begin],
    ["to", end],
  ] as const) {
    const text = values[option];
    if (text === undefined) continue;
    const time = readMoment(text, now);
    if (time === undefined) return `"${text}" in --${option} is not a valid time: write ${MOMENTS}.`;
    seconds[name] = time;
  }
  if (seconds.from !== undefined && seconds.to !== undefined && seconds.from >= seconds.to)
    return `--${begin} ${values[begin]} is not before --${end} ${values[end]}.`;
  return seconds;
}

/** The end of a sentence that found nothing. */
export function nothingBecause(period: Partial<Period>, unread: number): string {
  const asked = period.from !== undefined || period.to !== undefined ? " in that time" : "";
  return unread === 0
    ? asked
    : `${asked} (${formatMany(unread, "line has", "lines have")} an unknown format: name it with --format or --log-format)`;
}
