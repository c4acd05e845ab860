import { compilePolicy, type Resolution, resolve } from "@wherefrom/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ClientEvent, subscribe } from "../event/event.ts";
import { distanceKm } from "./distance.ts";
import { LoginGuard, type LoginGuardOptions } from "./guard.ts";
import { SharedLoginGuard } from "./shared-guard.ts";
import type { LoginFinding } from "../event/login-finding.ts";
import type { Place } from "../event/place.ts";

const HOUR_MS = 3_600_000;
const PLACES: Readonly<Record<string, Place>> = {
  "192.0.2.1": { country: "DE", asn: 64500, latitude: 52.52, longitude: 13.405 },
  "192.0.2.2": { country: "DE", asn: 64501, latitude: 48.137, longitude: 11.575, radiusKm: 20 },
  "198.51.100.1": { country: "JP", asn: 64502, latitude: 35.682, longitude: 139.692, radiusKm: 100 },
  "203.0.113.1": { country: "DE" },
};

const open = compilePolicy({ trust: [] });
const proxied = compilePolicy({ trust: ["192.0.2.1"], from: "x-forwarded-for" });
const from = (peer: string, policy = open): Resolution =>
  resolve({ connection: { transport: "tcp", peer, peerPort: 1, claims: [] } }, policy);

interface Site {
  readonly guard: LoginGuard;
  readonly login: (user: string, address: string, hour: number, success?: boolean) => readonly string[];
}

function site(options: Partial<LoginGuardOptions> = {}): Site {
  let time = 0;
  const guard = new LoginGuard({
    locate: (address) => PLACES[address],
    now: () => time,
    learningLogins: 1,
    ...options,
  });
  return {
    guard,
    login: (user, address, hour, success = true) => {
      time = hour * HOUR_MS;
      return guard.check({ user: { id: user }, resolution: from(address), success }).map(({ alarm }) => alarm);
    },
  };
}

describe("an alarm", () => {
  test("is not given for a user's first login", () => {
    expect(site().login("eve", "198.51.100.1", 0)).toEqual([]);
  });

  test("is given once for a new country", () => {
    const { login } = site();
    login("eve", "192.0.2.1", 0);
    expect(login("eve", "198.51.100.1", 100)).toEqual(["new-country"]);
    expect(login("eve", "198.51.100.1", 110)).toEqual([]);
  });

  test("for a journey has its numbers, less what the coordinates may be off", () => {
    let time = 0;
    const guard = new LoginGuard({ locate: (address) => PLACES[address], now: () => time, learningLogins: 1 });
    guard.check({ user: { id: "eve" }, resolution: from("192.0.2.2"), success: true });
    time = 2 * HOUR_MS;
    const findings = guard.check({ user: { id: "eve" }, resolution: from("198.51.100.1"), success: true });
    const whole = distanceKm(PLACES["192.0.2.2"]!, PLACES["198.51.100.1"]!)!;
    expect(findings).toMatchObject([
      {
        alarm: "impossible-travel",
        ruleId: "wherefrom.login.impossible-travel",
        severity: "high",
        entity: { kind: "user", value: "eve" },
        numbers: { km: Math.round(whole - 120), minutes: 120, kmPerHour: Math.round((whole - 120) / 2) },
      },
    ]);
  });

  test.each<[title: string, first: string, second: string, hours: number, isAlarm: boolean]>([
    ["an hour from Munich to Berlin is near enough", "192.0.2.2", "192.0.2.1", 0, false],
    ["half a day to Tokyo is a flight", "192.0.2.1", "198.51.100.1", 13, false],
    ["two hours to Tokyo are none", "192.0.2.1", "198.51.100.1", 2, true],
    ["no time at all is none", "192.0.2.1", "198.51.100.1", 0, true],
    ["a clock that goes back makes no journey", "192.0.2.1", "198.51.100.1", -5, false],
    ["a place without coordinates is no destination", "192.0.2.1", "203.0.113.1", 0, false],
  ])("%s", (_, first, second, hours, isAlarm) => {
    const { login } = site();
    login("eve", first, 10);
    expect(login("eve", second, 10 + hours).includes("impossible-travel")).toBe(isAlarm);
  });
});

/** Failures of users from addresses, a second apart, and what they were told of. */
function attack(
  guard: LoginGuard,
  tick: () => void,
  count: number,
  draw: (n: number) => { user: string; from: string },
) {
  const findings: LoginFinding[] = [];
  for (let n = 0; n < count; n++) {
    tick();
    const { user, from: address } = draw(n);
    findings.push(...guard.check({ user: { id: user }, resolution: from(address), success: false }));
  }
  return findings;
}

function attacked(options: Partial<LoginGuardOptions> = {}) {
  let time = 1e12;
  const guard = new LoginGuard({ locate: (address) => PLACES[address], now: () => time, ...options });
  return { guard, tick: (ms = 1000) => (time += ms) };
}

const told = (findings: readonly LoginFinding[]): string[] =>
  findings.map(({ alarm, entity, repeat }) => `${alarm} ${entity.value} ${repeat}`);

describe("an attack on logins", () => {
  test("of one address that tries root every two seconds for hours is one finding", () => {
    const { guard, tick } = attacked();
    const findings = attack(
      guard,
      () => tick(2000),
      7200,
      () => ({ user: "root", from: "203.0.113.9" }),
    );
    expect(told(findings)).toEqual(["password-guessing 203.0.113.9 0"]);
  });

  test("of 2,560 users from one /24, ten an address, is told under the /24, and again at doublings", () => {
    const { guard, tick } = attacked();
    const findings = attack(guard, tick, 2560, (n) => ({ user: `u${n}`, from: `203.0.113.${n & 255}` }));
    expect(new Set(findings.map(({ alarm, entity }) => `${alarm} ${entity.value}`))).toEqual(
      new Set(["password-spraying 203.0.113.0/24"]),
    );
    expect(findings.length).toBeLessThanOrEqual(8);
    const { users, usersError } = findings.at(-1)!.numbers as { users: number; usersError: number };
    expect(usersError).toBeGreaterThan(0);
    expect(users).toBeGreaterThanOrEqual(1280 * 0.8);
  });

  test("of 5,000 users from one /48, a new /64 each, is told under the /48", () => {
    const { guard, tick } = attacked();
    const findings = attack(guard, tick, 5000, (n) => ({ user: `u${n}`, from: `2001:db8:7:${n.toString(16)}::1` }));
    expect(new Set(findings.map(({ entity }) => entity.value))).toEqual(new Set(["2001:db8:7::/48"]));
  });

  test("of one user from 5,000 addresses, and the success after it, are told under the user", () => {
    const { guard, tick } = attacked();
    const draw = (n: number) => ({ user: "eve", from: `${20 + (n % 50)}.${n >> 8}.${n & 255}.7` });
    const findings = attack(guard, tick, 5000, draw);
    expect(new Set(findings.map(({ alarm, entity }) => `${alarm} ${entity.value}`))).toEqual(
      new Set(["distributed-guessing eve"]),
    );
    expect(findings.length).toBeLessThanOrEqual(10);
    const hit = guard.check({ user: { id: "eve" }, resolution: from("20.9.9.9"), success: true });
    expect(hit).toMatchObject([{ alarm: "login-after-failures", severity: "critical", entity: { value: "eve" } }]);
  });

  test("of many users from one address is told by its users and their failures, and an office is not", () => {
    const { guard, tick } = attacked();
    const spray = attack(guard, tick, 100, (n) => ({ user: `u${n}`, from: "203.0.113.9" }));
    expect(told(spray).slice(0, 2)).toEqual(["shared-source 203.0.113.9 0", "password-spraying 203.0.113.9 1"]);
    expect(spray[0]?.numbers).toMatchObject({ users: 11, failureShare: 1 });
    const office = Array.from({ length: 500 }, (_, n) => {
      tick();
      return guard.check({ user: { id: `o${n % 200}` }, resolution: from("198.51.100.9"), success: n % 20 !== 0 });
    });
    expect(office.flat()).toEqual([]);
  });

  test("an office reads differently where every shared source is asked for", () => {
    const { guard, tick } = attacked({ sharedFailureShare: 0 });
    const office = Array.from({ length: 200 }, (_, n) => {
      tick();
      return guard.check({ user: { id: `o${n}` }, resolution: from("198.51.100.9"), success: n % 20 !== 0 });
    }).flat();
    expect(office.map(({ numbers }) => numbers["users"])).toEqual([11, 22, 44, 88, 176]);
    expect(office[0]?.message).toMatch(/% of their attempts failed, as an office or a provider's NAT has them\.$/);
  });

  test("of a user's own mail client with an old password is none", () => {
    const { guard, tick } = attacked();
    for (let n = 0; n < 6; n++) guard.check({ user: { id: "eve" }, resolution: from("192.0.2.1"), success: true });
    expect(attack(guard, tick, 500, () => ({ user: "eve", from: "192.0.2.1" }))).toEqual([]);
  });
});

describe("a place that has alarmed", () => {
  const login = (guard: LoginGuard, address: string): string[] =>
    guard.check({ user: { id: "eve" }, resolution: from(address), success: true }).map(({ alarm }) => alarm);
  const visited = (): { guard: LoginGuard; go: (address: string) => string[] } => {
    const { guard, tick } = attacked({ learningLogins: 1 });
    return {
      guard,
      go: (address) => {
        tick(HOUR_MS);
        return login(guard, address);
      },
    };
  };

  test("does not become usual by being used again", () => {
    const { go } = visited();
    const way = ["192.0.2.1", "198.51.100.1", "198.51.100.1", "192.0.2.1", "198.51.100.1"];
    expect(way.map((address) => go(address).length)).toEqual([0, 1, 0, 0, 1]);
  });

  test("is usual after confirm, and alarms every time after reject", () => {
    const { guard, go } = visited();
    go("192.0.2.1");
    go("198.51.100.1");
    expect(guard.reject("eve")).toBe(1);
    expect([go("198.51.100.1"), go("198.51.100.1")].map(({ length }) => length)).toEqual([1, 1]);
    expect(guard.confirm("eve")).toBe(1);
    expect([go("192.0.2.1"), go("198.51.100.1")]).toEqual([[], []]);
  });

  test("is forgotten with its user", () => {
    const { guard, go } = visited();
    go("192.0.2.1");
    guard.forget("eve");
    expect(go("198.51.100.1")).toEqual([]);
    expect(guard.confirm("eve")).toBe(0);
  });

  test("alarms at most once where the same device alternates", () => {
    const { guard, tick } = attacked({ learningLogins: 1 });
    const alarms = Array.from({ length: 40 }, (_, n) => {
      tick(HOUR_MS);
      const resolution = from(n % 2 === 0 ? "192.0.2.1" : "198.51.100.1");
      return guard.check({ user: { id: "eve" }, resolution, success: true, userAgent: "a phone" }).length;
    });
    expect(alarms.reduce((sum, count) => sum + count)).toBe(1);
  });

  test("is none where the operator's own egress is listed", () => {
    const { guard, tick } = attacked({ learningLogins: 1, knownEgress: ["198.51.100.0/24"] });
    login(guard, "192.0.2.1");
    tick(HOUR_MS);
    expect(login(guard, "198.51.100.1")).toEqual([]);
  });
});

describe("nothing is learnt", () => {
  test("from a failed attempt", () => {
    const { login } = site();
    login("eve", "192.0.2.1", 0);
    expect(login("eve", "198.51.100.1", 50, false)).toEqual([]);
    expect(login("eve", "198.51.100.1", 100)).toEqual(["new-country"]);
  });

  test("from a client that is not proven, and nobody is alarmed by it", () => {
    const { guard, login } = site();
    login("eve", "192.0.2.1", 0);
    const unknown = resolve(
      {
        connection: { transport: "tcp", peer: "192.0.2.1", peerPort: 1, claims: [] },
        headers: { "x-forwarded-for": "x" },
      },
      proxied,
    );
    expect(unknown.nearest?.address).toBe("192.0.2.1");
    expect(guard.check({ user: { id: "eve" }, resolution: unknown, success: true })).toEqual([]);
  });

  test("from an address without a place", () => {
    const { login } = site();
    login("eve", "192.0.2.1", 0);
    expect(login("eve", "192.0.2.77", 1)).toEqual([]);
  });

  test("that the limit does not allow: who was silent longest is forgotten", () => {
    const { login } = site({ limit: 4 });
    for (const user of ["a", "b", "c", "d", "e", "f"]) login(user, "192.0.2.1", 0);
    expect(login("a", "198.51.100.1", 100)).toEqual([]);
    expect(login("e", "198.51.100.1", 100)).toEqual(["new-country"]);
  });
});

test("every login is published, and every finding", () => {
  const heard: ClientEvent[] = [];
  onTestFinished(subscribe(["login.location", "login.anomaly"], (event) => heard.push(event)));
  const { login } = site();
  login("eve", "192.0.2.1", 0);
  login("eve", "198.51.100.1", 100);
  login("eve", "192.0.2.99", 101, false);
  expect(heard.map(({ name, reason, outcome, numbers }) => [name, reason ?? outcome, numbers?.["country"]])).toEqual([
    ["login.location", "success", "DE"],
    ["login.location", "success", "JP"],
    ["login.anomaly", "new-country", "JP"],
    ["login.location", "failure", undefined],
  ]);
});

test("distances are those of the great circle", () => {
  expect(distanceKm({ latitude: 52.52, longitude: 13.405 }, { latitude: 35.682, longitude: 139.692 })).toBeCloseTo(
    8918,
    -1.5,
  );
  expect(distanceKm({ latitude: 0, longitude: 179.9 }, { latitude: 0, longitude: -179.9 })).toBeCloseTo(22.2, 1);
  expect(distanceKm({ latitude: 90, longitude: 0 }, { latitude: -90, longitude: 77 })).toBeCloseTo(20015, 0);
  expect(distanceKm({}, { latitude: 0, longitude: 0 })).toBeUndefined();
  expect(distanceKm({ latitude: 0, longitude: 0 }, { latitude: Number.NaN, longitude: 0 })).toBeUndefined();
});

describe("bad input", () => {
  test.each([Number.NaN, Infinity, -1e300, 8.7e15])(
    "a clock that says %d is no time, and makes no journey and no error",
    (clock) => {
      const heard: ClientEvent[] = [];
      onTestFinished(subscribe(["login.location"], (event) => heard.push(event)));
      let time = 0;
      const guard = new LoginGuard({ locate: (address) => PLACES[address], now: () => time, learningLogins: 1 });
      const check = (address: string): readonly string[] =>
        guard.check({ user: { id: "eve" }, resolution: from(address), success: true }).map(({ alarm }) => alarm);
      check("192.0.2.1");
      time = clock;
      expect(check("192.0.2.1")).toEqual([]);
      time = 0;
      expect(check("198.51.100.1")).toEqual(["new-country"]);
      for (const event of heard) expect(() => event.time.toISOString()).not.toThrow();
    },
  );

  test("a clock that was in the year 2099 heals", () => {
    const { login } = site();
    login("eve", "192.0.2.1", 1e6);
    login("bob", "192.0.2.1", 1e6);
    expect(login("eve", "192.0.2.1", 0)).toEqual([]);
    expect(login("eve", "198.51.100.1", 2)).toContain("impossible-travel");
  });

  test("a user whom nobody knows, without a name or with a very long one, is a user", () => {
    const { login } = site();
    for (const user of ["", "x".repeat(1_000_000), "__proto__", "constructor"]) {
      expect(login(user, "192.0.2.1", 0)).toEqual([]);
      expect(login(user, "198.51.100.1", 100)).toEqual(["new-country"]);
    }
  });
});

test("a locate that throws is told once, and no login fails", () => {
  const troubles: string[] = [];
  const locate = (): Place => {
    throw new Error("the database is gone");
  };
  const guard = new LoginGuard({ locate, onTrouble: (trouble) => troubles.push(trouble) });
  for (let n = 0; n < 3; n++) {
    expect(guard.check({ user: undefined as never, resolution: from("192.0.2.1"), success: true })).toEqual([]);
  }
  expect(troubles).toEqual(["locate throws (Error: the database is gone): logins have no place"]);
});

describe("a guard that shares its state", () => {
  class TimeoutError extends Error {}

  test.each([
    ["a message", new Error("the socket is closed"), "the socket is closed"],
    ["a name alone, as node-redis' own", new TimeoutError(), "TimeoutError"],
  ])("tells why Redis does not answer where the error has %s", async (_title, error, why) => {
    const troubles: string[] = [];
    const guard = new SharedLoginGuard({
      redis: { call: () => Promise.reject(error) },
      locate: (address) => PLACES[address],
      onTrouble: (trouble) => troubles.push(trouble),
    });
    await guard.check({ user: { id: "eve" }, resolution: from("192.0.2.1"), success: true });
    expect(troubles).toEqual([`Redis does not answer (${why}): alarms are those of this process alone`]);
  });
});
