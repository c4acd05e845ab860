import { FORGED, MACHINES } from "./machine.ts";
import type { Fields } from "./visitor.ts";

const { nginx, haproxy } = MACHINES;

/** Longest line that nginx takes, in bytes (large_client_header_buffers), less some for its name. */
const LINE_LIMIT_BYTES = 8192 - 64;

/** What a visitor may write in the hope to be somebody else. None of it may change anything. */
export const FORGERIES: readonly { readonly title: string; readonly fields: Fields }[] = [
  { title: "X-Forwarded-For with one address", fields: { "X-Forwarded-For": FORGED } },
  {
    title: "X-Forwarded-For in front of the proxies' own addresses",
    fields: { "X-Forwarded-For": `${FORGED}, ${haproxy}, ${nginx}` },
  },
  { title: "X-Forwarded-For of proxies alone", fields: { "X-Forwarded-For": `${nginx}, ${haproxy}` } },
  {
    title: "X-Forwarded-For in several lines",
    fields: { "X-Forwarded-For": [FORGED, `${FORGED}, ${nginx}`, haproxy] },
  },
  {
    title: "X-Forwarded-For with ports and brackets",
    fields: { "X-Forwarded-For": `[2001:db8::66]:443, ${FORGED}:80` },
  },
  { title: "X-Forwarded-For with a mapped address", fields: { "X-Forwarded-For": `::ffff:${FORGED}` } },
  { title: "X-Forwarded-For, as long a line as nginx takes", fields: { "X-Forwarded-For": listOf(`${FORGED}, `) } },
  { title: "X-Forwarded-For, as many empty elements as nginx takes", fields: { "X-Forwarded-For": listOf(",") } },
  ...garbage("an open quote", `${FORGED}, "`),
  ...garbage("a comma at the end", `${FORGED},`),
  ...garbage("empty elements", `${FORGED}, ,\t, ,`),
  ...garbage("unknown", "unknown"),
  ...garbage("a semicolon", `${FORGED};`),
  ...garbage("a line that looks like another header", `${FORGED} X-Real-IP: ${FORGED}`),
  ...garbage("Latin-1", "\u00a0\u00ff"),
  ...garbage("nothing", ""),
  { title: "X-Real-IP", fields: { "X-Real-IP": FORGED } },
  { title: "X-Real-IP twice", fields: { "X-Real-IP": [FORGED, nginx] } },
  { title: "Forwarded", fields: { Forwarded: `for=${FORGED};proto=https;host=evil.example` } },
  { title: "X-Forwarded-Proto", fields: { "X-Forwarded-Proto": "https" } },
  { title: "X-Forwarded-Proto as a list and twice", fields: { "X-Forwarded-Proto": ["https, https", "https"] } },
  { title: "X-Forwarded-Host", fields: { "X-Forwarded-Host": "evil.example" } },
  {
    title: "X-Forwarded-Host as a list and twice",
    fields: { "X-Forwarded-Host": ["evil.example, evil.example", "evil.example"] },
  },
  { title: "X-Forwarded-Port", fields: { "X-Forwarded-Port": "666" } },
  { title: "look-alikes with underscores", fields: { X_Forwarded_For: FORGED, X_Real_IP: FORGED } },
  {
    title: "headers of content delivery networks",
    fields: { "CF-Connecting-IP": FORGED, "True-Client-IP": FORGED, "Fastly-Client-IP": FORGED },
  },
  {
    title: "everything at once",
    fields: {
      "X-Forwarded-For": FORGED,
      "X-Real-IP": FORGED,
      "X-Client-IP": FORGED,
      Forwarded: `for=${FORGED};proto=https`,
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Host": "evil.example",
      "X-Forwarded-Port": "666",
    },
  },
];

/** Text that stands right beside what the nearest proxy appends. */
function garbage(what: string, text: string): (typeof FORGERIES)[number][] {
  return [{ title: `X-Forwarded-For that ends in garbage: ${what}`, fields: { "X-Forwarded-For": text } }];
}

function listOf(element: string): string {
  return element.repeat(Math.floor(LINE_LIMIT_BYTES / element.length));
}
