const MONTHS: Readonly<Record<string, number>> = {
  Jan: 0,
  Feb: 1,
  Mar: 2,
  Apr: 3,
  May: 4,
  Jun: 5,
  Jul: 6,
  Aug: 7,
  Sep: 8,
  Oct: 9,
  Nov: 10,
  Dec: 11,
};

let lastMinute = "";
let lastZone = "";
let lastStart = 0;

/** Seconds since 1970 of "25/Nov/2026:09:00:00 +0100", of which a fraction may stand before the zone, and no zone is UTC; undefined for what is none. The minute before is remembered: most lines are of it. */
export function commonTime(text: string): number | undefined {
  const minute = text.slice(0, 17);
  const zone = text.length > 20 ? text.slice(text.indexOf(" ", 20) + 1 || text.length) : "";
  const seconds = (text.charCodeAt(18) - 48) * 10 + text.charCodeAt(19) - 48;
  if (!(seconds >= 0 && seconds <= 60)) return undefined;
  if (minute !== lastMinute || zone !== lastZone) {
    const match = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d)$/.exec(minute);
    const month = MONTHS[match?.[2] ?? ""];
    if (match === null || month === undefined) return undefined;
    const offset = zone === "" ? ["", "+", "0", "0"] : /^([+-])(\d\d):?(\d\d)$/.exec(zone);
    if (offset === null) return undefined;
    const [day, year, hour, minutes] = [match[1], match[3], match[4], match[5]].map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const time = Date.UTC(year, month, day, hour, minutes);
    if (new Date(time).getUTCDate() !== day || hour > 23 || minutes > 59) return undefined;
    lastStart = time / 1000 - (offset[1] === "-" ? -60 : 60) * (Number(offset[2]) * 60 + Number(offset[3]));
    [lastMinute, lastZone] = [Buffer.from(minute).toString(), Buffer.from(zone).toString()];
  }
  return lastStart + seconds;
}

/** Seconds since 1970 of RFC 3339 text, or of a number in seconds, milliseconds, microseconds or nanoseconds, told by its size. */
export function anyTime(value: unknown): number | undefined {
  if (typeof value === "string") {
    if (/^\d+(\.\d+)?$/.test(value)) return anyTime(Number(value));
    const time = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/.test(value)
      ? Date.parse(/[Zz]$|[+-]\d\d:?\d\d$/.test(value) ? value : `${value.replace(" ", "T")}Z`)
      : Number.NaN;
    return Number.isNaN(time) ? commonTime(value) : Math.floor(time / 1000);
  }
  if (typeof value !== "number" || !(value > 0)) return undefined;
  let seconds = value;
  // 100 thousand million seconds are the year 5138.
  while (seconds > 1e11) seconds /= 1000;
  return Math.floor(seconds);
}
