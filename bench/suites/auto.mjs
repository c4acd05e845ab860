// What the preload costs: hello world of node:http with and without it, each in a process of its own, in pairs.
import { median, spread } from "../harness/interleaved.mjs";
import { costPerRequest } from "../harness/request-cost.mjs";
import { judge } from "../harness/row.mjs";

/** What a browser sends behind a proxy that appends to X-Forwarded-For. */
const HEADERS = [
  "X-Forwarded-For: 198.51.100.9, 81.2.69.142",
  "X-Real-IP: 81.2.69.142",
  "X-Forwarded-Proto: https",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language: en-US,en;q=0.5",
  "Accept-Encoding: gzip, deflate, br",
  "Cookie: session=0123456789abcdef",
];
const ROUNDS = 150;
/** Processes that do the same differ by a hundredth: so many sets of them are measured. */
const SETS = 3;

export async function measure() {
  const rows = [];
  for (const work of ["hello", "header"]) {
    const apart = [`plain, ${work}`, `plain again, ${work}`, `preload, ${work}`];
    const samples = await costPerRequest(new URL("../served/auto.mjs", import.meta.url), HEADERS, {
      apart,
      sets: SETS,
      rounds: ROUNDS,
    });
    const [plain, again, preload] = apart.map((name) => samples[name]);
    const more = preload.map((cost, round) => cost - plain[round]);
    const twin = again.map((cost, round) => cost - plain[round]);
    rows.push(
      judge({
        case: `node:http: hello world that ${work === "hello" ? "reads nothing" : "reads X-Forwarded-For"}`,
        subject: "processor time a request that @wherefrom/auto adds, us",
        against: "the same without it",
        ratio: median(more),
        noise: Math.max(Math.abs(median(twin)), (1.25 * (spread(more) / 0.675)) / Math.sqrt(more.length)),
        must: "<= 2 us",
        detail: `${median(preload).toFixed(2)} us against ${median(plain).toFixed(2)} us; A/A ${median(twin).toFixed(2)} us`,
      }),
    );
  }
  return rows;
}
