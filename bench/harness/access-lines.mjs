// An access log as nginx writes it (`combined`), quickly: a day's lines in the order of time.
import { closeSync, openSync, writeSync } from "node:fs";

const START = Date.parse("2026-11-24T00:00:00Z");
const DAY_SECONDS = 86_400;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const CHUNK_CHARACTERS = 4 << 20;

/** A day of `total` lines from half a million clients; from a third on, for a twentieth of the day, one network asks as much again. */
export function writeAccessLog(path, total) {
  const file = openSync(path, "w");
  let [text, second, stamp] = ["", -1, ""];
  for (let n = 0; n < total; n++) {
    const now = Math.floor((n * DAY_SECONDS) / total);
    if (now !== second) [second, stamp] = [now, stampOf(now)];
    // A multiplier that is odd and no round number: clients come in no order.
    const client = (Math.imul(n, 2654435761) >>> 0) % 500_000;
    const isAttack = n > total / 3 && n < total * 0.38 && n % 8 !== 0;
    const address = isAttack
      ? `203.0.113.${client % 250}`
      : `${20 + (client >> 16)}.${(client >> 8) & 255}.${client & 255}.${client % 251}`;
    const path_ = isAttack ? "/search" : `/page/${client % 5000}?q=${n % 1000}`;
    text += `${address} - - [${stamp} +0000] "GET ${path_} HTTP/1.1" 200 ${client % 50_000} "https://example.org/" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${90 + (client % 40)}.0.0.0 Safari/537.36"\n`;
    if (text.length > CHUNK_CHARACTERS) {
      writeSync(file, text);
      text = "";
    }
  }
  writeSync(file, text);
  closeSync(file);
}

function stampOf(second) {
  const date = new Date(START + second * 1000);
  const [, year, month, day, clock] = /^(\d+)-(\d+)-(\d+)T([\d:]+)/.exec(date.toISOString());
  return `${day}/${MONTHS[month - 1]}/${year}:${clock}`;
}
