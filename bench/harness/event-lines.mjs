// Lines of client.resolved as jsonLines writes them, quickly: one is formatted, and the parts that differ are put in.
import { closeSync, openSync, writeSync } from "node:fs";
import { recordOf } from "@wherefrom/audit";
import { formatEcsLine } from "@wherefrom/audit/internal";
import { compilePolicy, resolve } from "@wherefrom/core";

const CLIENT = "203.0.113.77";
const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
const COUNTRIES = ["US", "DE", "JP", "FR", "BR", "CN", "IN", "GB", "NL", "SG"];
const START = Date.parse("2026-11-24T00:00:00Z");
const CHUNK_CHARACTERS = 4 << 20;

/** The pieces between the parts that differ, in order: "@T", "@I" and so on. */
function template() {
  const policy = compilePolicy({ trust: ["10.0.0.9"], from: "x-forwarded-for" });
  const headers = { "x-forwarded-for": CLIENT };
  const resolution = resolve(
    { connection: { transport: "tcp", peer: "10.0.0.9", peerPort: 40000, claims: [] }, headers },
    policy,
  );
  const time = new Date(START);
  const line = formatEcsLine(
    recordOf({
      name: "client.resolved",
      time,
      resolution,
      transport: "tcp",
      local: { address: "10.0.0.1", port: 8080 },
      place: {
        country: "ZZ",
        asn: 64511,
        organization: "Example",
        databases: [{ name: "GeoLite2-City", build: "2026-11-20" }],
      },
      request: {
        method: "GET",
        path: "/@P",
        status: 200,
        userAgent: AGENT,
        httpVersion: "1.1",
        bytes: 4242,
        durationMs: 1.25,
      },
      outcome: "success",
    }),
  );
  return line
    .replaceAll(CLIENT, "@I")
    .replace(time.toISOString(), "@T")
    .replaceAll('"ZZ"', '"@C"')
    .replaceAll("64511", "@N")
    .split(/@([TICNP])/);
}

/**
 * A million events an hour: a day's usual traffic of 500,000 clients, and from a third on, for a tenth of the time, as much again from `attackers` addresses of 40 networks and two more.
 * Writes events `from` to before `to` of `total`.
 */
export function writeEvents(path, from, to, total, clients = 500_000) {
  const pieces = template();
  const file = openSync(path, "w");
  let text = "";
  const spanMs = (total / 1e6) * 3_600_000;
  for (let n = from; n < to; n++) {
    const part = n / total;
    const isAttack = part > 0.33 && part < 0.66 && n % 4 !== 0;
    const time =
      isAttack || (part > 0.33 && part < 0.66) ? 0.33 + (part - 0.33) * 0.1 : part < 0.34 ? part : part - 0.297;
    // A multiplier that is odd and no round number: clients come in no order.
    const client = (Math.imul(n, 2654435761) >>> 0) % clients;
    const address = !isAttack
      ? `${20 + (client >> 16)}.${(client >> 8) & 255}.${client & 255}.${client % 251}`
      : n % 16 === 1
        ? "203.0.113.7"
        : `198.18.${client % 40}.${client % 253}`;
    const values = {
      T: new Date(START + time * spanMs).toISOString(),
      I: address,
      C: COUNTRIES[client % 10],
      N: 64000 + (client % 400),
      P: isAttack ? "login" : `page/${client % 1000}`,
    };
    for (let index = 0; index < pieces.length; index++) text += index % 2 === 0 ? pieces[index] : values[pieces[index]];
    text += "\n";
    if (text.length > CHUNK_CHARACTERS) {
      writeSync(file, text);
      text = "";
    }
  }
  writeSync(file, text);
  closeSync(file);
}
