// What a login costs the guard, and what a million users take.
import { LoginGuard } from "@wherefrom/audit";
import { compilePolicy, resolve } from "@wherefrom/core";
import { median, spread } from "../harness/interleaved.mjs";
import { judge } from "../harness/row.mjs";

const ROUNDS = 21;
const LOGINS = 20_000;
const USERS = 20_000;
const MILLION = 1_000_000;
const policy = compilePolicy({ trust: [] });
const resolutionOf = (/** @type {number} */ n) =>
  resolve(
    {
      connection: {
        transport: "tcp",
        peer: `${20 + (n >> 20)}.${(n >> 12) & 255}.${(n >> 4) & 255}.${n & 15}`,
        peerPort: 1,
        claims: [],
      },
    },
    policy,
  );
const locate = (/** @type {string} */ address) => ({
  country: "DE",
  asn: 64_500 + (Number(address.split(".")[1]) % 50),
  latitude: 50,
  longitude: 10,
});

export async function measure() {
  const resolutions = Array.from({ length: USERS }, (_, n) => resolutionOf(n));
  let now = 1_800_000_000_000;
  const guard = new LoginGuard({ locate, now: () => (now += 10) });
  const costs = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begin = process.cpuUsage();
    for (let n = 0; n < LOGINS; n++) {
      const user = (n * 7919) % USERS;
      guard.check({
        user: { id: `user${user}` },
        resolution: resolutions[(user + (n % 3)) % USERS],
        success: n % 20 !== 0,
        userAgent: "Mozilla/5.0 (X11)",
      });
    }
    const { user, system } = process.cpuUsage(begin);
    costs.push((user + system) / LOGINS);
  }
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const large = new LoginGuard({ locate, limit: 2 * MILLION });
  for (let n = 0; n < MILLION; n++)
    large.check({ user: { id: `user${n}` }, resolution: resolutionOf(n), success: true });
  const megabytes = (process.memoryUsage().rss - before) / 1e6;
  return [
    judge({
      case: "a login, its guard in memory",
      subject: "processor time, us",
      against: "20 us",
      ratio: median(costs),
      noise: spread(costs) / 2,
      must: "<= 20",
    }),
    judge({
      case: "a million users, an address each",
      subject: "memory, MB",
      against: "1000 MB",
      ratio: megabytes,
      noise: 1,
      must: "<= 1000",
      detail: `${large.check({ user: { id: "user1" }, resolution: resolutionOf(1), success: true }).length} findings; ${Math.round((megabytes * 1e6) / MILLION)} bytes a user with their source`,
    }),
  ];
}
