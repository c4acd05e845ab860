export const BROWSERS = Array.from(
  { length: 40 },
  (_, n) =>
    `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${90 + n}.0.0.0 Safari/537.36`,
);

/** What one request says of itself. */
export interface Visit {
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly agent: string;
}

/** An attack before it is made. Times are seconds from the beginning. */
export interface PlannedAttack {
  readonly name: string;
  readonly isVolumetric: boolean;
  readonly from: number;
  readonly to: number;
  /** Requests a second at a second of it. */
  readonly rate: (second: number) => number;
  readonly visit: () => Visit;
  readonly sources: Map<string, number>;
}

/** The site that is attacked, and where chance comes from. */
export interface Site {
  readonly seconds: number;
  /** Requests a second of a volumetric attack. */
  readonly rate: number;
  readonly random: () => number;
  readonly below: (limit: number) => number;
  readonly homes: number;
  readonly addressOfHome: (n: number, second: number) => string;
  /** Share of the busiest rate that is usual at a second. */
  readonly shape: (second: number) => number;
}

/** Six that their rate shows, of other sources each, and two that it does not. Times are shares of the whole. */
export function planAttacks({ seconds, rate, random, below, homes, addressOfHome }: Site): PlannedAttack[] {
  const hex = (limit: number): string => below(limit).toString(16);
  const at = (share: number): number => Math.floor(share * seconds);
  const long = (minutes: number): number => Math.min(Math.floor(seconds / 40), minutes * 60);
  const visit = (address: string, path: string, agent: string, method = "GET", status = 200): Visit => ({
    address,
    method,
    path,
    status,
    agent,
  });
  const plan = (
    name: string,
    from: number,
    length: number,
    ofSecond: (second: number) => number,
    make: () => Visit,
    isVolumetric = true,
  ): PlannedAttack => ({
    name,
    isVolumetric,
    from,
    to: from + length,
    rate: ofSecond,
    visit: make,
    sources: new Map(),
  });
  const pulseFrom = at(0.81);
  return [
    plan(
      "one address",
      at(0.11),
      long(5),
      () => rate,
      () => visit("203.0.113.7", "/", "curl/8.0"),
    ),
    plan(
      "one network",
      at(0.23),
      long(10),
      () => rate,
      () => visit(`203.0.114.${below(250)}`, "/search", "python-requests/2.31"),
    ),
    plan(
      "a botnet of which some are usual clients",
      at(0.37),
      long(15),
      () => 2 * rate,
      () => {
        const n = below(3000);
        const address =
          n < 15
            ? addressOfHome(n * 7 + Math.floor(homes / 2), 0)
            : `${101 + (n % 50)}.${n >> 8}.${n & 255}.${n % 200}`;
        return visit(address, "/api/list", BROWSERS[n % 40] as string, "POST");
      },
    ),
    plan(
      "a /48 of IPv6",
      at(0.52),
      long(8),
      () => rate,
      () => visit(`2001:db8:bad:${hex(65536)}::${hex(65536)}`, "/", "Go-http-client/2.0"),
    ),
    plan(
      "other paths and user agents each time",
      at(0.66),
      long(8),
      () => rate,
      () =>
        visit(`185.10.${below(4)}.${below(75)}`, `/page/x${hex(2 ** 31)}`, `Mozilla/5.0 (${hex(2 ** 31)})`, "GET", 404),
    ),
    plan(
      "twenty seconds on and twenty off",
      pulseFrom,
      Math.ceil(long(12) / 40) * 40 - 20,
      (second) => ((second - pulseFrom) % 40 < 20 ? 2 * rate : 0),
      () => visit(`45.${below(60)}.7.9`, "/checkout", "okhttp/4.9", "POST", 503),
    ),
    plan(
      "one slow address",
      at(0.3),
      Math.floor(seconds / 3),
      () => 0.05,
      () => visit("203.0.115.9", `/page/${below(200)}`, "scraper/1"),
      false,
    ),
    plan(
      "credential stuffing",
      at(0.55),
      Math.floor(seconds / 5),
      () => 0.5,
      () =>
        visit(
          `${150 + below(20)}.${below(20)}.3.${1 + below(5)}`,
          "/login",
          BROWSERS[Math.floor(random() * 40)] as string,
          "POST",
          401,
        ),
      false,
    ),
  ];
}

/** Least length of a drawn attack, in seconds: shorter ones are within one bucket of a long file. */
const LEAST_LENGTH = 90;
/** Seconds between two drawn attacks at least, and at both ends. */
const APART = 600;

/**
 * Six volumetric attacks of drawn kinds, each in its sixth of the time, and two that their rate does not show. A volumetric one brings at least `rate` at the busiest time, and at least a third of that at night.
 */
export function drawAttacks({ seconds, rate, random, below, homes, addressOfHome, shape }: Site): PlannedAttack[] {
  const hex = (limit: number): string => below(limit).toString(16);
  const browser = (): string => BROWSERS[below(BROWSERS.length)] as string;
  const usualPage = (): string => `/page/${Math.floor(random() ** 2 * 200)}`;
  const visit = (address: string, path: string, agent: string, method = "GET", status = 200): Visit => ({
    address,
    method,
    path,
    status,
    agent,
  });
  // What one attack always has: an attacker's tool, or what usual clients have.
  const kinds: readonly (readonly [name: string, make: () => () => Visit])[] = [
    ["one address with a usual browser and page", () => () => visit("203.0.113.7", "/page/0", BROWSERS[3] as string)],
    ["one network", () => () => visit(`203.0.114.${below(250)}`, "/search", "python-requests/2.31")],
    [
      "forty hosts of ten networks",
      () => () => visit(`5.188.${below(10)}.${1 + 50 * below(4)}`, usualPage(), "Go-http-client/1.1"),
    ],
    [
      "a botnet that looks as usual clients do",
      () => {
        const size = 500 + below(6000);
        return () => {
          const n = below(size);
          return visit(`${110 + (n % 50)}.${n >> 8}.${n & 255}.${n % 200}`, usualPage(), browser());
        };
      },
    ],
    [
      "a botnet of which a few are usual clients, and a few are behind a carrier's NAT",
      () => {
        const size = 300 + below(3000);
        return () => {
          const n = below(size);
          const address =
            n < size / 200
              ? addressOfHome(n * 7 + Math.floor(homes / 2), 0)
              : n < size / 100
                ? `100.66.1.${n % 8}`
                : `${101 + (n % 50)}.${n >> 8}.${n & 255}.${n % 200}`;
          return visit(address, "/api/list", browser(), "POST");
        };
      },
    ],
    ["a /48 of IPv6", () => () => visit(`2001:db8:bad:${hex(65_536)}::${hex(65_536)}`, "/", "Go-http-client/2.0")],
    [
      "a /64 of IPv6",
      () => () => visit(`2001:db8:bad2:7:${hex(65_536)}:${hex(65_536)}::1`, usualPage(), BROWSERS[9] as string),
    ],
    [
      "other paths and user agents each time",
      () => () =>
        visit(`185.10.${below(4)}.${below(75)}`, `/page/x${hex(2 ** 31)}`, `Mozilla/5.0 (${hex(2 ** 31)})`, "GET", 404),
    ],
    [
      "many hosts that ask two or three times each",
      () => {
        let n = 0;
        return () =>
          visit(
            `${20 + (n++ % 7)}.${(n >> 10) & 255}.${(n >> 2) & 255}.${(n * 7) % 251}`,
            "/login",
            browser(),
            "POST",
            401,
          );
      },
    ],
  ];
  const left = [...kinds];
  const volumetric = Array.from({ length: 6 }, (_, number): PlannedAttack => {
    const [name, make] = left.splice(below(left.length), 1)[0] as (typeof kinds)[number];
    const slot = seconds / 6;
    const apart = Math.min(APART, slot / 4);
    const longest = Math.max(LEAST_LENGTH, Math.min(3 * 3600, slot - 2 * apart) / 2);
    const length = Math.round(LEAST_LENGTH * (longest / LEAST_LENGTH) ** random());
    const from = Math.floor(number * slot + apart + random() * (slot - 2 * apart - length));
    const strength = 1 + 3 * random();
    const isPulsed = random() < 0.2;
    return {
      name,
      isVolumetric: true,
      from,
      to: from + length,
      rate: (second) =>
        isPulsed && (second - from) % 40 >= 20 && second < from + length - 20
          ? 0
          : strength * rate * Math.max(1 / 3, shape(second)) * (isPulsed ? 2 : 1),
      visit: make(),
      sources: new Map(),
    };
  });
  const planned = planAttacks({ seconds, rate, random, below, homes, addressOfHome, shape });
  return [...volumetric, ...planned.filter(({ isVolumetric }) => !isVolumetric)];
}
