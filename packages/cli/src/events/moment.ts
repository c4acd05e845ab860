const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const DAY = 86_400;

/**
 * Seconds since 1970 of what people write for a moment: RFC 3339 with a fraction and an offset, a day alone (UTC, its beginning), `now`, `today`, `yesterday` (their beginning, UTC), and `30m`, `1h`, `2d` for so long ago.
 * Undefined for what is none, such as the 30th of February. `now` is in seconds.
 */
export function readMoment(text: string, now: number): number | undefined {
  if (text === "now") return now;
  const today = now - (now % DAY);
  if (text === "today") return today;
  if (text === "yesterday") return today - DAY;
  const ago = /^(\d{1,6})([smhdw])$/.exec(text);
  if (ago !== null) return now - Number(ago[1]) * (UNITS[ago[2] as string] as number);
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d))?$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(year, month - 1, day));
  // Date would make the 2nd of March of the 30th of February. 60 is a leap second.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 60)
    return undefined;
  const zone = match[8] ?? "Z";
  const [hours, minutes] = zone.length === 1 ? [0, 0] : [Number(zone.slice(1, 3)), Number(zone.slice(4))];
  if (hours > 23 || minutes > 59) return undefined;
  const offset = (zone.startsWith("-") ? -1 : 1) * (hours * 3600 + minutes * 60);
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second + Number(match[7] ?? 0) - offset;
}
